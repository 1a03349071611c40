"""Items of corpora held to what the registry and the lock know of them."""

from __future__ import annotations

from pathlib import Path

from metaxl.downloads.lock import Entry, check_entry, read_lock
from metaxl.downloads.registry import raw_files, raw_item
from metaxl.errors import DataError, DownloadError
from metaxl.files import sha256_file


def is_known(path: str) -> bool:
    """Return whether the registry or the lock holds the checksum of an item."""
    return bool(raw_item(path)[1].sha256 or path in read_lock())


def is_verified(path: str, out: Path) -> bool:
    """Return whether `out` is there and is the item that the registry or the lock holds."""
    if not out.is_file() or not is_known(path):
        return False
    try:
        check_item(path, out, str(out))
    except DownloadError:
        return False
    return True


def expected_sha256(path: str, out: Path) -> str:
    """Return the SHA-256 that the registry or the lock holds of an item; that of the file at `out` if neither does."""
    locked = read_lock().get(path)
    return raw_item(path)[1].sha256 or (locked.sha256 if locked else sha256_file(out))


def refuse_damaged(corpus: str, language: str, split: str, folder: Path) -> None:
    """Hold the files that a split is read from to the registry and the lock, whoever placed them there.

    Raises:
        DataError: a file is not the one that the registry or the lock holds.
    """
    for path in raw_files(corpus, language, split):
        place = folder / Path(path).name
        if place.is_file() and is_known(path) and not is_verified(path, place):
            raise DataError(f"{place}: not the file that the registry or the lock holds; remove it and run again.")


def check_item(path: str, place: Path, origin: str, locked: bool = True) -> Entry:
    """Hold the file at `place`, which came from `origin`, to the registry and, if `locked`, to the lock; describe it.

    Raises:
        DownloadError: it is another file.
    """
    corpus, file = raw_item(path)
    found = Entry.of(place, corpus.revision, path, origin)
    if file.bytes not in (None, found.bytes):
        raise DownloadError(f"{origin}: expected {file.bytes} bytes, found {found.bytes}: another file.")
    if file.sha256 not in (None, found.sha256):
        raise DownloadError(
            f"{origin}: expected sha256 {file.sha256}, found {found.sha256}; the file there is damaged or has changed."
        )
    if locked:
        check_entry(path, found, origin)
    return found
