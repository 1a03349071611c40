"""What the active plan expects of records: of what each cell was made, held against what its record says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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
        codes: the digests of the code that trains it; several where nobody knew which network serves its encoder.
        files: its encoded data by role; empty where they are elsewhere, so that records are not held to them.
        checksums: the file with the SHA-256 of its encoder's files.
        others: whether a record of another making is refused, or accepted with a warning.
    """

    spec: CellSpec
    codes: tuple[str, ...]
    files: dict[str, Path]
    checksums: Path
    others: str

    @classmethod
    def from_dict(cls, value: dict[str, Any], others: str) -> Expected:
        """Read back what the workflow wrote to a file."""
        files = {role: Path(path) for role, path in value["files"].items()}
        spec, checksums = CellSpec.from_dict(value["spec"]), Path(value["checksums"])
        return cls(spec, tuple(value["codes"]), files, checksums, others)


def check_record(expected: Expected, record: dict[str, Any], path: Path) -> list[str]:
    """Hold a record to the active plan: settings, classes, data, encoder and code.

    Args:
        expected: what the plan says.
        record: the parsed scores.json.
        path: its file, for the message.

    Returns:
        The keys in which the record differs; a warning tells the values.

    Raises:
        DataError: the record differs, and the configuration does not accept that.
    """
    found = dict(_differences(expected, record["provenance"]))
    if not found:
        return []
    told = [f"{key} {values}" for key, values in found.items()]
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    message = f"{path}: of another making than the active plan: {'; '.join(told[:NAMED])}{more}."
    if expected.others == "refuse":
        raise DataError(
            f"{message} Remove {path.parent} to train the cell again, or set other_records: accept to show it as it is."
        )
    LOG.warning("%s It is shown all the same (other_records: accept).", message)
    return list(found)


def _differences(expected: Expected, provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every fact in which a record differs: its key, and what the plan and the record have."""
    own, settings = expected.spec.settings(), provenance["settings"]
    for section in own:
        recorded = settings.get(section, {})
        for key in dict.fromkeys([*own[section], *recorded]):
            if recorded.get(key) != own[section].get(key):
                values = f"{own[section].get(key)!r} in the plan and {recorded.get(key)!r} in the record"
                yield f"{section}.{key}", f"is {values}"
    if settings == own:
        yield from _other("spec", sha256_text(expected.spec.to_json()), provenance.get("spec"))
    data = provenance["data"]
    for role in dict.fromkeys([*expected.files, *data]) if expected.files else ():
        file = expected.files.get(role)
        yield from _other(f"data.{role}", _sha256(file) if file else "none", data.get(role, "none"))
    yield from _other("encoder", _weights(expected.checksums), provenance.get("encoder"))
    if provenance.get("code") not in expected.codes:
        yield from _other("code", expected.codes[0], provenance.get("code"))


def _other(key: str, own: str, theirs: object) -> Iterator[tuple[str, str]]:
    if own != theirs:
        yield key, f"is {own[:16]} in the plan and {str(theirs)[:16]} in the record"


@cache
def _sha256(path: Path) -> str:
    return sha256_file(path)


@cache
def _weights(checksums: Path) -> str:
    return str(read_json(checksums)["model.safetensors"])


def read_labels(path: Path) -> dict[str, LabelSet]:
    """Return the classes of each task from the file that the workflow wrote."""
    return {task: read_label_set(about) for task, about in read_json(path).items()}


def read_label_set(about: dict[str, Any]) -> LabelSet:
    """Return the classes that parsed JSON tells."""
    return LabelSet(tuple(about["classes"]), about["positive"])
