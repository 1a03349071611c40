"""A user's own data as they are before anything runs: read by the rules' own readers, once, and remembered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from metaxl.data.facts import Facts, facts_of_records
from metaxl.data.read import read_split
from metaxl.errors import DataError
from metaxl.experiment.config import Config
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import STAGED
from metaxl.files import canonical_json, sha256_text, write_json
from metaxl.notes import collected_notes
from metaxl.planning.data import DataPlan

REMEMBERED = STAGED / "inspected"


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
    """Read one split of a user's own language; what was read before and has not changed since is remembered."""
    plan = DataPlan(config)
    try:
        files = plan.inputs(task, code, split)
    except DataError as error:
        return Inspection({}, (str(error),))
    known = _fingerprint(files) + plan.options(task, code, split) + [plan.code(task, code)]
    remembered = REMEMBERED / f"{sha256_text(canonical_json(known))[:32]}.json"
    if remembered.is_file():
        stored = json.loads(remembered.read_text(encoding="utf-8"))
        return Inspection(stored["facts"], tuple(stored["faults"]))
    found = _read(config, task, code, split)
    write_json(remembered, asdict(found))
    return found


def _read(config: Config, task: str, code: str, split: str) -> Inspection:
    plan = DataPlan(config)
    try:
        with collected_notes() as notes:
            records = read_split(
                "files", task, split_code(code)[0], split, plan.folder(task, code), **plan.reading(task, code)
            )
    except DataError as error:
        return Inspection({}, (str(error),))
    return Inspection(facts_of_records(records, notes), ())


def _fingerprint(files: list[Path]) -> list[str]:
    """Return path, size and time of files; of a folder, those of what it holds."""
    every = [part for path in files for part in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return [f"{path}:{(facts := path.stat()).st_size}:{facts.st_mtime_ns}" for path in every]
