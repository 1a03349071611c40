"""Atomic writes, hashes, JSON and JSON lines: a reader never sees half a file."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metaxl.errors import DataError

BEFORE = "-before"  # ends the name of a folder that makes way for a new one


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` that replaces it when the block ends without an error.

    The sibling keeps the suffix of `path` (libraries choose formats by it). On an error it is removed
    and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    handle, name = tempfile.mkstemp(prefix=_prefix(path.stem), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _settle(temporary)
        temporary.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # that of a full disk names no file
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder that replaces `path`, or the folder that a link there names.

    It does so when the block ends without an error. A process that is killed between the two renames leaves both
    folders, and the next to write `path` puts the old one back.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    temporary = Path(tempfile.mkdtemp(prefix=_prefix(path.name), dir=path.parent))
    before = Path(f"{temporary}{BEFORE}")
    try:
        yield temporary
        for part in sorted(temporary.rglob("*"), reverse=True):
            if not part.is_symlink():  # what is behind a link is another's
                _settle(part)
        _settle(temporary)
        if path.exists():
            path.rename(before)
        temporary.rename(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(before, ignore_errors=True)
        elif before.exists():
            before.rename(path)


def sweep(path: Path) -> None:
    """Remove what killed processes of this machine left of their writing `path`; put a folder back that they moved."""
    for stem in {path.stem, path.name}:
        for sibling in path.parent.glob(f".{glob.escape(stem)}-*"):
            writer = re.fullmatch(r"(\d+)-(\w+)-.*", sibling.name.removeprefix(f".{stem}-"), re.DOTALL)
            if writer is None or writer[2] != _machine() or is_alive(int(writer[1])):
                continue
            if sibling.name.endswith(BEFORE) and not path.exists():
                sibling.rename(path)
            elif sibling.is_dir():
                shutil.rmtree(sibling, ignore_errors=True)
            else:
                sibling.unlink(missing_ok=True)


def _prefix(stem: str) -> str:
    """Return how the name of a temporary sibling begins; it says who writes it."""
    return f".{stem}-{os.getpid()}-{_machine()}-"


def _machine() -> str:
    return sha256_text(socket.gethostname())[:8]


def is_alive(process: int) -> bool:
    """Tell whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True


def _settle(path: Path) -> None:
    """Bring a file or folder to the disk and give it the modes of the umask, which mkstemp and safetensors ignore.

    Without the former, a power cut may leave an empty file under the final name. What has a second name is another's.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    if path.is_dir() or path.stat().st_nlink == 1:
        path.chmod((0o777 if path.is_dir() else 0o666) & ~_umask())


def _umask() -> int:
    """Return the process's umask: a shared results folder must honour it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def link_or_copy(source: Path, target: Path) -> None:
    """Give the file behind `source` a second name, or copy it where the file systems differ."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with a final newline, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: the file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a JSON file ({error}).") from error


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read the objects of a file that `write_jsonl` wrote."""
    # splitlines() would also cut at U+2028 and U+0085, which may stand inside a JSON string.
    with path.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def canonical_json(value: Any) -> str:
    """Serialise `value` so that equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_text(text: str) -> str:
    """Return the SHA-256 of UTF-8 `text` as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
