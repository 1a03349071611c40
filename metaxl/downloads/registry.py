"""The registry of corpora and encoders: where each comes from and which files a language needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.schema import WORKFLOW, conform, read_yaml

REGISTRY_PATH = WORKFLOW / "data" / "registry.yaml"
LANGUAGE = "{language}"  # in a pattern or a url: its code is filled in
REGISTRY_SCHEMA = WORKFLOW / "schemas" / "registry.schema.yaml"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to fetch, as the registry's schema describes it; `path` is its place beneath the corpus's raw folder."""

    path: str
    split: str = ""
    urls: Sequence[str] = ()
    pattern: str = ""
    sha256: str | None = None
    bytes: int | None = None
    about_bytes: int = 0

    @property
    def about(self) -> int:
        """Return its size in bytes, exact where it is known."""
        return self.bytes or self.about_bytes


@dataclass(frozen=True, slots=True)
class Citation:
    """Whom to thank for a corpus or an encoder, and under which terms it may be used; see the registry's schema."""

    title: str
    licence: str
    citation: str
    homepage: str
    notes: str
    caveat: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus, as the registry's schema describes it; patterns and urls of `files` may still hold "{language}"."""

    name: str
    citation: Citation
    kind: Literal["hub", "files"]
    languages: Sequence[str]
    repo: str
    revision: str
    files: dict[str, RemoteFile]
    sha256: dict[str, str]
    labels: Sequence[str]

    @property
    def by_language(self) -> bool:
        """Tell whether each language has a folder of files of its own."""
        return self.kind == "hub" or any(LANGUAGE in url for file in self.files.values() for url in file.urls)

    def file(self, item: str) -> RemoteFile:
        """Return what is known of one item.

        Raises:
            ConfigError: the corpus has no such item.
        """
        language, _, name = item.rpartition("/") if self.by_language else ("", "", item)
        known = self.files.get(name)
        if known is None or (self.by_language and not re.fullmatch(r"[\w-]+", language)):
            names = [f"<language>/{name}" if self.by_language else name for name in self.files]
            hint = did_you_mean(name, self.files) if known is None else ""
            raise ConfigError(f"{self.name}: no item {item!r}; its items are {', '.join(names)}.{hint}")
        if language:
            self.check_language(language)
        pattern = known.pattern.replace(LANGUAGE, language)
        urls = tuple(url.replace(LANGUAGE, language) for url in known.urls)
        return replace(known, path=item, pattern=pattern, urls=urls, sha256=known.sha256 or self.sha256.get(item))

    def check_language(self, language: str) -> None:
        """Raise a ConfigError where the corpus does not have the language."""
        if self.languages and language not in self.languages:
            raise ConfigError(
                f"{self.name}: has no {language!r}, only {', '.join(self.languages)}."
                f"{did_you_mean(language, self.languages)} Name another reader or your own files for {language!r}."
            )


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """What the registry says of an encoder of the hub: `bytes` roughly, `model_type` as in its config.json."""

    citation: Citation
    bytes: int
    model_type: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that the registry names."""

    corpora: dict[str, Corpus]
    encoders: dict[str, KnownEncoder]  # by id of the hub


@cache
def load_registry(path: Path) -> Registry:
    """Read the registry.

    Raises:
        ConfigError: the file is missing, is not YAML or does not fit its schema; every fault is named with its place.
    """
    content = conform(read_yaml(path) or {}, REGISTRY_SCHEMA, str(path))
    return Registry(
        corpora={name: _corpus(path, name, block) for name, block in content["corpora"].items()},
        encoders={
            name: KnownEncoder(_citation(block), block["about_bytes"], block["model_type"])
            for name, block in content["encoders"].items()
        },
    )


def known_encoder(hub_id: str) -> KnownEncoder | None:
    """Return what the registry says of an encoder of the hub, if it has it."""
    return load_registry(REGISTRY_PATH).encoders.get(hub_id)


def find_corpus(name: str) -> Corpus:
    """Return a corpus by name, or raise a ConfigError where the registry has none of that name."""
    corpora = load_registry(REGISTRY_PATH).corpora
    if name not in corpora:
        raise ConfigError(f"No corpus {name!r}; there are {', '.join(corpora)}.{did_you_mean(name, corpora)}")
    return corpora[name]


def raw_folder(corpus: str, language: str) -> str:
    """Return the folder beneath results/raw/ that the reader of `corpus` reads: "wikiann/qu" or "sentiraama"."""
    return f"{corpus}/{language}" if find_corpus(corpus).by_language else corpus


def raw_files(corpus: str, language: str, split: str) -> list[str]:
    """Return the paths beneath results/raw/ of the files that a split of `language` needs of `corpus`.

    Raises:
        ConfigError: there is no such corpus, or it does not have the language.
    """
    found = find_corpus(corpus)
    found.check_language(language)
    names = [name for name, file in found.files.items() if file.split in ("", split)]
    return [f"{raw_folder(corpus, language)}/{name}" for name in names]


def raw_item(path: str) -> tuple[Corpus, RemoteFile]:
    """Return the corpus and the file that belong at a path beneath results/raw/.

    Raises:
        ConfigError: the registry knows no such file.
    """
    name, _, item = path.partition("/")
    corpus = find_corpus(name)
    return corpus, corpus.file(item)


def _corpus(registry: Path, name: str, block: dict[str, Any]) -> Corpus:
    for item in block["sha256"]:
        file = item.rpartition("/")[2]
        if file not in block["files"]:
            raise ConfigError(
                f"{registry}: corpora.{name}.sha256: {item!r} is none of its files, {', '.join(block['files'])}."
                f"{did_you_mean(file, block['files'])}"
            )
    files = {file: RemoteFile(file, **facts) for file, facts in block["files"].items()}
    facts = {key: block[key] for key in ("kind", "languages", "repo", "revision", "sha256", "labels")}
    return Corpus(name, _citation(block), files=files, **facts)


def _citation(block: dict[str, Any]) -> Citation:
    return Citation(*(block[field.name] for field in fields(Citation)))
