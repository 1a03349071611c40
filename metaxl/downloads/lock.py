"""The lock: it records what every hub file was when it first came, and later downloads are held to that.

workflow/data/registry.lock.json belongs in the repository, so that everyone who clones it gets the same bytes or an
error. Only a first download adds to it; `metaxl lock` replaces what is recorded.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from metaxl.errors import DataError, DownloadError
from metaxl.experiment.schema import WORKFLOW
from metaxl.files import read_json, sha256_file, write_json

LOCK_PATH = WORKFLOW / "data" / "registry.lock.json"
log = logging.getLogger("metaxl")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file was when it first came."""

    revision: str  # the commit of its repository
    bytes: int
    sha256: str
    rows: int | None = None  # of a parquet file

    @classmethod
    def of(cls, path: Path, revision: str, name: str, origin: str) -> Entry:
        """Describe the file at `path`, which is called `name` where it came from, `origin`.

        Raises:
            DownloadError: it should be parquet and is not.
        """
        rows = _rows(path, origin) if name.endswith(".parquet") else None
        return cls(revision, path.stat().st_size, sha256_file(path), rows)


def read_lock() -> dict[str, Entry]:
    """Return every entry by the file's name: "wikiann/qu/train.parquet", "encoders/<hub id>@<revision>/config.json".

    Raises:
        DataError: the lock is not what `record` writes.
    """
    content = read_json(LOCK_PATH) if LOCK_PATH.is_file() else {}
    try:
        return {name: Entry(**entry) for name, entry in content.items()}
    except (AttributeError, TypeError) as error:
        raise DataError(f"{LOCK_PATH}: not a lock ({error}); restore it from the repository.") from error


def lockable() -> list[str]:
    """Return the names that `metaxl lock` takes: every locked item, and every encoder once."""
    return list(dict.fromkeys(map(_argument, read_lock())))


def check_revision(name: str, revision: str) -> None:
    """Refuse to fetch a file at another revision than the locked one.

    Raises:
        DownloadError: the registry or the configuration has moved on and the lock has not.
    """
    entry = read_lock().get(name)
    if entry and entry.revision != revision:
        raise DownloadError(
            f"{name}: {LOCK_PATH.name} holds it at revision {entry.revision}, but {revision} is asked for. To move on "
            f"purpose: metaxl lock {_argument(name)}"
        )


def check_entry(name: str, found: Entry, origin: str) -> None:
    """Compare a file that has come with its entry, if it has one.

    Raises:
        DownloadError: it is not the locked file.
    """
    entry = read_lock().get(name)
    if entry and entry != found:
        raise DownloadError(
            f"{origin}: {name} is not the file that {LOCK_PATH.name} holds: expected {_facts(entry)}, found "
            f"{_facts(found)}. It has changed there or on its way. Only if the change is meant: "
            f"metaxl lock {_argument(name)}"
        )


def record(entries: dict[str, Entry], replacing: str | None = None) -> None:
    """Add entries for files that have none; first remove those of the file or encoder called `replacing`."""
    # Downloads run side by side. The guard stands beside the lock, where everyone who may write it may write.
    try:
        with FileLock(LOCK_PATH.with_suffix(".guard")):
            present = read_lock()
            merged = entries | {name: entry for name, entry in present.items() if _argument(name) != replacing}
            if merged != present:
                facts = {name: asdict(merged[name]) for name in sorted(merged)}
                write_json(LOCK_PATH, {name: {k: v for k, v in facts[name].items() if v is not None} for name in facts})
                log.info("%s: %s recorded; commit it", LOCK_PATH.name, ", ".join(sorted(entries)))
    except OSError as error:
        log.warning("%s: cannot be written (%s), so later downloads are not held to this one", LOCK_PATH, error)


def _rows(path: Path, origin: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: int = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        raise DownloadError(f"{origin}: what came is no parquet file ({error}).") from error
    return rows


def _facts(entry: Entry) -> str:
    rows = "" if entry.rows is None else f", {entry.rows} rows"
    return f"sha256 {entry.sha256} ({entry.bytes} bytes{rows})"


def _argument(name: str) -> str:
    """Return the name by which `metaxl lock` updates a file; an encoder's files are updated together."""
    return name.rpartition("/")[0] if name.startswith("encoders/") else name
