"""A language's data as they are before anything runs: read by the rules' own readers, once, and remembered."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metaxl.data.facts import Facts, facts_of_records
from metaxl.data.formats.records import Record, text_of
from metaxl.data.read import read_split
from metaxl.errors import DataError
from metaxl.experiment.config import Config
from metaxl.experiment.folds import split_code
from metaxl.files import sha256_text
from metaxl.notes import collected_notes
from metaxl.planning.code import digest
from metaxl.planning.data import DataPlan
from metaxl.planning.remembered import fingerprint, remembered

SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one split of a language holds, or why it cannot be read.

    Attributes:
        facts: as `facts_of_records` counts them; empty where the split cannot be read.
        faults: what is wrong, each a full message.
    """

    facts: Facts
    faults: tuple[str, ...]


def inspect(config: Config, task: str, code: str, split: str) -> Inspection:
    """Read one split of a language; what was read before and has not changed since is remembered."""
    try:
        DataPlan(config).inputs(task, code, split)
    except DataError as error:
        return Inspection({}, lines_of(error))
    made = ["inspect", *made_of(config, task, code, split)]
    try:
        stored = remembered(made, lambda: _inspect(config, task, code, split))
    except DataError as error:
        return Inspection({}, lines_of(error))
    return Inspection(stored["facts"], tuple(stored["faults"]))


def texts(config: Config, task: str, code: str, split: str) -> list[str]:
    """Return a digest of the text of each example of a split that can be read; equal texts have equal ones."""

    def make() -> list[str]:
        return [sha256_text(text_of(record))[:16] for record in records(config, task, code, split)[0]]

    return list(remembered(["texts", *made_of(config, task, code, split)], make))


def records(config: Config, task: str, code: str, split: str) -> tuple[list[Record], list[str]]:
    """Read one split of a language as its rule does; see `read_quietly`."""
    plan, corpus = DataPlan(config), config.corpus(task, code)
    named = split_code(code)[0] if corpus == "files" else code
    options = plan.reading(task, code, split) | plan.filling(corpus)
    return read_quietly(corpus, task, named, split, plan.folder(task, code), **options)


def read_quietly(
    corpus: str, task: str, language: str, split: str, folder: Path, **options: Any
) -> tuple[list[Record], list[str]]:
    """Return the records of a split and what its reader told, which is not logged; arguments as of `read_split`.

    Raises:
        DataError: it cannot be read.
    """
    logger = logging.getLogger("metaxl")
    heard, logger.propagate = logger.propagate, False
    try:
        with collected_notes() as notes:
            return read_split(corpus, task, language, split, folder, **options), notes
    finally:
        logger.propagate = heard


def made_of(config: Config, task: str, code: str, split: str) -> list[str]:
    """Return all that a split's examples depend on: its files, how they are read, and the code."""
    plan = DataPlan(config)
    files = fingerprint(plan.inputs(task, code, split))
    return [*files, *plan.options(task, code, split), plan.code(task, code), digest("metaxl.data.facts")]


def is_here(config: Config, task: str, code: str, split: str) -> bool:
    """Tell whether the files of a split lie on this machine; those of the user always count as here."""
    corpus = config.corpus(task, code)
    if corpus in ("files", SYNTHETIC):
        return corpus == "files"
    return all(path.is_file() for path in DataPlan(config).inputs(task, code, split))


def lines_of(error: Exception) -> tuple[str, ...]:
    """Return the faults that a message lists, a line each."""
    return tuple(line.removeprefix("- ") for line in str(error).splitlines() if line.strip())


def _inspect(config: Config, task: str, code: str, split: str) -> dict[str, Any]:
    """Return an inspection to be remembered.

    Raises:
        DataError: the system refused a file, which may pass without the file's changing.
    """
    try:
        found = facts_of_records(*records(config, task, code, split))
    except DataError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno is not None:
            raise
        return asdict(Inspection({}, lines_of(error)))
    return asdict(Inspection(found, ()))
