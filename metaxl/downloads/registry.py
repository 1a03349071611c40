"""The registry of corpora and encoders: what there is, where it lies and which file every language needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.schema import WORKFLOW, read_yaml

REGISTRY_PATH = WORKFLOW / "data" / "registry.yaml"
SHA256 = re.compile(r"[0-9a-f]{64}")
SOURCE_KEYS = ("title", "licence", "citation", "homepage", "notes", "caveat")
CORPUS_KEYS = ("kind", "languages", "repo", "revision", "files", "sha256", *SOURCE_KEYS)
FILE_KEYS = ("split", "urls", "pattern", "sha256", "bytes", "about_bytes")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file to fetch: by url, or from a hub repository by the pattern of its path there.

    Attributes:
        path: where it goes beneath the corpus's raw folder; the item's name.
        split: that alone needs it; empty where every split does.
        urls: of a plain file, the first that serves it wins.
        pattern: of a hub file.
        sha256: as 64 hexadecimal digits, where known.
        size: in bytes, where known.
        about: its size in bytes, roughly.
    """

    path: str
    split: str = ""
    urls: tuple[str, ...] = ()
    pattern: str = ""
    sha256: str | None = None
    size: int | None = None
    about: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Whom to thank for a corpus or an encoder, and under which terms it may be used.

    Attributes:
        notes: what a reader of the data should know.
        caveat: what every table that used it must say.
    """

    title: str
    licence: str
    citation: str
    homepage: str = ""
    notes: str = ""
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus of the registry.

    Attributes:
        languages: that it has; empty when the registry does not list them.
        repo: and `revision`, of a hub corpus only.
        files: by name; paths and patterns of a hub corpus still hold "{language}".
        checksums: SHA-256 by item, of hub files.
    """

    name: str
    source: Source
    kind: Literal["hub", "files"]
    languages: tuple[str, ...]
    repo: str
    revision: str
    files: dict[str, RemoteFile] = field(repr=False)
    checksums: dict[str, str] = field(repr=False)

    def items(self, language: str, split: str) -> list[str]:
        """Return the items that a split of `language` needs: "qu/train.parquet", or "product_pos.txt".

        Raises:
            ConfigError: the corpus does not have the language.
        """
        self._check(language)
        names = [name for name, file in self.files.items() if file.split in ("", split)]
        return [f"{language}/{name}" if self.kind == "hub" else name for name in names]

    def file(self, item: str) -> RemoteFile:
        """Return what is known of one item.

        Raises:
            ConfigError: the corpus has no such item.
        """
        language, _, name = item.rpartition("/") if self.kind == "hub" else ("", "", item)
        known = self.files.get(name)
        if known is None or (self.kind == "hub" and not re.fullmatch(r"[\w-]+", language)):
            names = [f"<language>/{name}" if self.kind == "hub" else name for name in self.files]
            hint = did_you_mean(name, self.files) if known is None else ""
            raise ConfigError(f"{self.name}: no item {item!r}; its items are {', '.join(names)}.{hint}")
        if language:
            self._check(language)
        pattern = known.pattern.replace("{language}", language)
        return replace(known, path=item, pattern=pattern, sha256=known.sha256 or self.checksums.get(item))

    def _check(self, language: str) -> None:
        if self.languages and language not in self.languages:
            raise ConfigError(
                f"{self.name}: has no {language!r}, only {', '.join(self.languages)}."
                f"{did_you_mean(language, self.languages)} Name another reader or your own files for {language!r}."
            )


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that the registry names.

    Attributes:
        corpora: by name.
        encoders: source and rough size in bytes, by id of the hub.
    """

    corpora: dict[str, Corpus]
    encoders: dict[str, tuple[Source, int]]


@cache
def load_registry(path: Path) -> Registry:
    """Read the registry.

    Raises:
        ConfigError: the file is missing, is not YAML or lacks something; the place is named.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or not content.get("corpora"):
        raise ConfigError(f"{path}: no corpora; expected the registry's two sections, corpora and encoders.")
    corpora = {name: _corpus(f"{path}: {name}", name, block) for name, block in content["corpora"].items()}
    encoders = {
        name: (_source(f"{path}: {name}", block), block.get("about_bytes", 0))
        for name, block in content.get("encoders", {}).items()
    }
    return Registry(corpora, encoders)


def known_encoder(hub_id: str) -> tuple[Source, int] | None:
    """Return source and rough size of an encoder of the hub, if the registry has it."""
    return load_registry(REGISTRY_PATH).encoders.get(hub_id)


def find_corpus(name: str) -> Corpus:
    """Return a corpus by name.

    Raises:
        ConfigError: the registry has none of that name.
    """
    corpora = load_registry(REGISTRY_PATH).corpora
    if name not in corpora:
        raise ConfigError(f"No corpus {name!r}; there are {', '.join(corpora)}.{did_you_mean(name, corpora)}")
    return corpora[name]


def raw_folder(corpus: str, language: str) -> str:
    """Return the folder beneath results/raw/ that the reader of `corpus` reads: "wikiann/qu" or "sentiraama"."""
    return f"{corpus}/{language}" if find_corpus(corpus).kind == "hub" else corpus


def raw_files(corpus: str, language: str, split: str) -> list[str]:
    """Return the paths beneath results/raw/ of the files that a split of `language` needs of `corpus`.

    Raises:
        ConfigError: there is no such corpus, or it does not have the language.
    """
    return [f"{corpus}/{item}" for item in find_corpus(corpus).items(language, split)]


def raw_item(path: str) -> tuple[Corpus, RemoteFile]:
    """Return the corpus and the file that belong at a path beneath results/raw/.

    Raises:
        ConfigError: the registry knows no such file.
    """
    name, _, item = path.partition("/")
    corpus = find_corpus(name)
    return corpus, corpus.file(item)


def _corpus(place: str, name: str, block: dict[str, Any]) -> Corpus:
    kind = block.get("kind")
    if kind not in ("hub", "files"):
        raise ConfigError(f"{place}.kind: {kind!r} is neither hub nor files.")
    _refuse_unknown(place, block, CORPUS_KEYS)
    _require(place, block, "files", *(("repo", "revision") if kind == "hub" else ("languages",)))
    checksums = block.get("sha256", {})
    for item, digest in checksums.items():
        _check_sha256(f"{place}.sha256.{item}", digest)
        if item.rpartition("/")[2] not in block["files"]:
            raise ConfigError(f"{place}.sha256: {item!r} is none of its files, {', '.join(block['files'])}.")
    return Corpus(
        name=name,
        source=_source(place, block),
        kind=kind,
        languages=tuple(block.get("languages", ())),
        repo=block.get("repo", ""),
        revision=block.get("revision", ""),
        files={key: _remote_file(f"{place}.files.{key}", kind, key, value) for key, value in block["files"].items()},
        checksums=checksums,
    )


def _source(place: str, block: dict[str, Any]) -> Source:
    _require(place, block, "title", "licence", "citation")
    return Source(**{key: block.get(key, "") for key in SOURCE_KEYS})


def _refuse_unknown(place: str, block: dict[str, Any], known: Sequence[str]) -> None:
    """Refuse a misspelt key: it could be the one that a download should be held to."""
    for key in block:
        if key not in known:
            raise ConfigError(
                f"{place}: unknown key {key!r}.{did_you_mean(key, known)} Known keys: {', '.join(known)}."
            )


def _require(place: str, block: dict[str, Any], *keys: str) -> None:
    missing = [key for key in keys if not block.get(key)]
    if missing:
        raise ConfigError(f"{place}: {', '.join(missing)} missing; the registry needs it.")


def _remote_file(place: str, kind: str, name: str, block: dict[str, Any]) -> RemoteFile:
    _refuse_unknown(place, block, FILE_KEYS)
    key = "pattern" if kind == "hub" else "urls"
    if not block.get(key):
        raise ConfigError(f"{place}.{key}: missing; a file of kind {kind} needs it.")
    strange = [url for url in block.get("urls", []) if not url.startswith(("https://", "http://"))]
    if strange:
        raise ConfigError(f"{place}.urls: {strange[0]!r} is not an http or https url.")
    _check_sha256(f"{place}.sha256", block.get("sha256"))
    return RemoteFile(
        path=name,
        split=block.get("split", ""),
        urls=tuple(block.get("urls", ())),
        pattern=block.get("pattern", ""),
        sha256=block.get("sha256"),
        size=block.get("bytes"),
        about=block.get("bytes") or block.get("about_bytes", 0),
    )


def _check_sha256(place: str, digest: str | None) -> None:
    if digest is not None and not SHA256.fullmatch(digest):
        raise ConfigError(f"{place}: {digest!r} is not 64 hexadecimal digits.")
