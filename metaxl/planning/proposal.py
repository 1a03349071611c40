"""An experiment proposed for somebody's own data: what is asked for, worked out from what the data hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metaxl.downloads.registry import find_corpus
from metaxl.errors import ConfigError, DataError
from metaxl.experiment.schema import WORKFLOW, read_yaml
from metaxl.planning.base_encoder import BaseEncoder, find_encoder, propose_lengths
from metaxl.planning.brought import Brought, bring
from metaxl.planning.data import LANGUAGE_CODE
from metaxl.planning.form import form_of
from metaxl.planning.meanings import mapping_of
from metaxl.tasks import NER, SENTIMENT, find_task, type_of

MOST, LEAST = 1000, 100  # examples to draw of a source: where it is large, and what the smallest corpora have
REVIEWS = "reviews"
HELD = {NER.name: "tagged words", SENTIMENT.name: "texts with a label"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an experiment on own data should be; `sources` are the common one and the related one, if there is any.

    Attributes:
        name: of the experiment.
        target: the data of the target.
        sources: the code of each source language with its data, None where they are downloaded.
        labels: the mapping that gives the same meaning one name.
        corpus: the reader of each source that the preset has none for.
        lengths: limits in subwords, of training and of evaluation.
    """

    name: str
    target: Brought
    sources: dict[str, Brought | None]
    labels: dict[str, str]
    corpus: dict[str, str]
    encoder: BaseEncoder
    lengths: tuple[int, int]
    source_size: int
    batch_size: int

    @property
    def brought(self) -> list[Brought]:
        """Return all own data, the target's first."""
        return [self.target, *(own for own in self.sources.values() if own)]

    def told(self) -> list[str]:
        """Return what the proposal decides about the data, a sentence each."""
        told: list[str] = []
        match self.target.own_data():
            case {"folds": folds}:
                told.append(f"{self.target.path}: one small file, so {folds} folds: every example is tested once.")
            case {"splits": splits}:
                told.append(f"{self.target.path}: {' and '.join(splits)} are split off.")
        told += [f"{label} is read as {name}." for label, name in self.labels.items()]
        told += [f"{code} is downloaded: it has no data of yours." for code, own in self.sources.items() if not own]
        return told


def propose(
    data: Path, language: str, source: str, related: str | None, task: str | None, encoder: str | None, name: str | None
) -> Proposal:
    """Look at the data of a target language, and at those of the sources that are own ones, and propose an experiment.

    Args:
        data: a file, a folder or an archive.
        language: the target's code.
        source: the code of the common source, or CODE=PATH for own data.
        related: likewise of a second source.
        task: "ner" or "sentiment"; None to see it from the data.
        encoder: a folder or an id of the hub; None for the paper's.
        name: of the experiment; None for one made of language and task.

    Raises:
        ConfigError: a code, a name or an encoder cannot be.
        DataError: data cannot be read.
        EncoderError: the folder holds no encoder.
    """
    check_name(name or "own")
    asked = dict(_code_and_path(text) for text in (source, related) if text)
    _check_codes(language, source, related, asked)
    target = bring(data.expanduser(), language, task)
    sources = {code: _source(Path(path).expanduser(), code, target) if path else None for code, path in asked.items()}
    chosen = find_encoder(encoder)
    own = [target, *(brought for brought in sources.values() if brought)]
    return Proposal(
        name=name or f"{language}-{target.task}".lower().replace("_", "-"),
        target=target,
        sources=sources,
        labels=_mapping(own, sources),
        corpus=_corpora(target.task, [code for code, brought in sources.items() if not brought]),
        encoder=chosen,
        lengths=propose_lengths(chosen, target.task, [record for each in own for record in each.examples]),
        source_size=min(_pool(target.task, code, brought) for code, brought in sources.items()),
        batch_size=_batch(target.trained()),
    )


def _source(path: Path, code: str, target: Brought) -> Brought:
    """Read a source's data.

    Raises:
        DataError: they cannot be read, or are of the other task.
    """
    try:
        return bring(path, code, target.task)
    except DataError as error:
        meant = form_of(path)
        if not meant or meant == target.task:
            raise
        raise DataError(
            f"{path} holds {HELD[meant]}, {target.path} holds {HELD[target.task]}; bring a source of the same kind."
        ) from error


def _code_and_path(text: str) -> tuple[str, str]:
    code, _, path = text.partition("=")
    return code, path


def _check_codes(language: str, source: str, related: str | None, sources: dict[str, str]) -> None:
    for option, code in (("language", language), *(("source or --related", code) for code in sources)):
        if not LANGUAGE_CODE.fullmatch(code):
            raise ConfigError(
                f"--{option} {code}: expected a language's code such as lug or sw, of two to eight letters; own data "
                "of a source are named behind it, --source CODE=PATH."
            )
    if language in sources:
        raise ConfigError(f"--language {language}: it cannot be its own source; name another language as source.")
    if related and len(sources) == 1:
        raise ConfigError(f"--related {related}: it is the source already; name another language or leave it out.")
    if source.endswith("=") or (related or "").endswith("="):
        raise ConfigError("--source and --related: a path is missing behind =, as in --source en=data/en.tsv.")


def _mapping(own: Sequence[Brought], sources: dict[str, Brought | None]) -> dict[str, str]:
    """Return the mapping of labels over all languages; those of a download are the paper's."""
    task = find_task(own[0].task)
    usual = sorted({type_of(label) if task.has_words else label for label in task.usual} - {""})
    kinds = {brought.language: brought.kinds() for brought in own}
    kinds |= {code: usual for code, brought in sources.items() if brought is None}
    return mapping_of(kinds, task.has_words)


def _corpora(task: str, downloaded: Sequence[str]) -> dict[str, str]:
    """Return the reader of each downloaded language that the preset does not name.

    Raises:
        ConfigError: no corpus has texts with labels in the language.
    """
    if task == NER.name:
        return {}
    known: dict[str, str] = read_yaml(WORKFLOW / "presets" / "paper.yaml")[task]["corpus"]
    others = find_corpus(REVIEWS).languages
    for code in downloaded:
        if code not in known and code not in others:
            raise ConfigError(
                f"--source {code}: no corpus here has texts with labels in it, only in "
                f"{', '.join(sorted({*known, *others}))}; bring your own, --source {code}=PATH."
            )
    return {code: REVIEWS for code in downloaded if code not in known}


def _pool(task: str, code: str, brought: Brought | None) -> int:
    """Return how many examples to draw of a source: of a download no more than it surely has."""
    if brought:
        return min(MOST, len(brought.records["train"]))
    return MOST if code in (_large_corpora() if task == NER.name else find_corpus(REVIEWS).languages) else LEAST


def _large_corpora() -> set[str]:
    """Return the languages that the paper drew 5,000 sentences of WikiANN from."""
    languages: dict[str, dict[str, str]] = read_yaml(WORKFLOW / "data" / "paper.yaml")["languages"]
    return {"en", *(facts["related"] for facts in languages.values() if "related" in facts)}


def _batch(trained: int) -> int:
    """Return the largest power of two that gives an epoch four steps, from 2 to 16."""
    return max(size for size in (2, 4, 8, 16) if size == 2 or 4 * size <= trained)


def check_name(name: str) -> None:
    """Raise a ConfigError where a name cannot be a folder of results."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise ConfigError(
            f"--name {name}: expected lower-case letters, digits and hyphens; it names a folder of results."
        )
