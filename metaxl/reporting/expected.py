"""What the active plan expects of records: of what each cell was made, held against what its record says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from metaxl.errors import DataError
from metaxl.experiment.spec import CellSpec
from metaxl.files import read_json, sha256_file, sha256_text
from metaxl.tasks import LabelSet

LOG = logging.getLogger(__name__)
NAMED = 3  # differences that a message names before it counts the rest


@dataclass(frozen=True, slots=True)
class Expected:
    """What a cell is made of under the active plan.

    Attributes:
        spec: its address, settings and classes.
        code: the digest of the code that trains it.
        files: its encoded data by role.
        checksums: the file with the SHA-256 of its encoder's files.
        others: whether a record of another making is refused, or accepted with a warning.
    """

    spec: CellSpec
    code: str
    files: dict[str, Path]
    checksums: Path
    others: Literal["refuse", "accept"]

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Expected:
        """Read back what the workflow wrote to a file."""
        files = {role: Path(path) for role, path in value["files"].items()}
        return cls(CellSpec.from_dict(value["spec"]), value["code"], files, Path(value["checksums"]), value["others"])


def check_record(expected: Expected, record: dict[str, Any], path: Path) -> None:
    """Hold a record to the active plan: settings, classes, data, encoder and code.

    Args:
        expected: what the plan says.
        record: the parsed scores.json.
        path: its file, for the message.

    Raises:
        DataError: the record differs, and the configuration does not accept that.
    """
    found = list(_differences(expected, record["provenance"]))
    if not found:
        return
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    message = f"{path}: of another making than the active plan: {'; '.join(found[:NAMED])}{more}."
    if expected.others == "refuse":
        raise DataError(
            f"{message} Remove {path.parent} to train the cell again, or set other_records: accept to show it as it is."
        )
    LOG.warning("%s It is shown all the same (other_records: accept).", message)


def _differences(expected: Expected, provenance: dict[str, Any]) -> Iterator[str]:
    """Yield every fact in which a record differs: its key, what the plan has, what the record has."""
    settings = provenance.get("settings", {})
    for section, own in expected.spec.settings().items():
        theirs = settings.get(section)
        for key in own if isinstance(theirs, dict) else ():
            if theirs.get(key) != own[key]:
                yield f"{section}.{key} is {own[key]!r} in the plan and {theirs.get(key)!r} in the record"
    if provenance.get("spec") != sha256_text(expected.spec.to_json()) and settings == expected.spec.settings():
        yield "spec, its settings as a whole, has another digest in the record"
    for role, file in expected.files.items():
        yield from _other(f"data.{role}", _sha256(file), provenance.get("data", {}).get(role))
    yield from _other("encoder", _weights(expected.checksums), provenance.get("encoder"))
    yield from _other("code", expected.code, provenance.get("code"))


def _other(key: str, own: str, theirs: object) -> Iterator[str]:
    if own != theirs:
        yield f"{key} is {own[:16]} in the plan and {str(theirs)[:16]} in the record"


@cache
def _sha256(path: Path) -> str:
    return sha256_file(path)


@cache
def _weights(checksums: Path) -> str:
    return str(read_json(checksums)["model.safetensors"])


def read_labels(path: Path) -> dict[str, LabelSet]:
    """Return the classes of each task from the file that the workflow wrote."""
    return {task: LabelSet(tuple(about["classes"]), about["positive"]) for task, about in read_json(path).items()}
