"""What comes from outside, items of the registry's corpora and encoders: verified before it is visible."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from filelock import FileLock

from metaxl.downloads.encoders import fetch_encoder
from metaxl.downloads.hub import endpoint, hub_files, is_offline
from metaxl.downloads.lock import Entry, check_entry, check_revision, read_lock, record
from metaxl.downloads.registry import Corpus, RemoteFile, raw_files, raw_item
from metaxl.downloads.web import fetch
from metaxl.errors import ConfigError, DataError, DownloadError
from metaxl.files import atomic_path, sha256_file

MIRROR = "METAXL_MIRROR"
# Where a file may come from: how to call the place, and what writes it to a path.
Origin = tuple[str, Callable[[Path], None]]
log = logging.getLogger("metaxl")


def download(path: str, out: Path, update: bool = False) -> None:
    """Fetch one item of a corpus of the registry and place it, verified, at `out`.

    Args:
        path: corpus and item: "sentiraama/product_pos.txt", "wikiann/qu/train.parquet".
        out: where the file goes; what lies there already is replaced only by a good file.
        update: replace the item's entry in the lock instead of holding the file to it.

    Raises:
        ConfigError: the registry has no such item.
        DownloadError: it cannot be fetched, or what arrives is not what the registry or the lock holds.
    """
    corpus, _ = raw_item(path)
    if corpus.kind == "hub" and not update:
        check_revision(path, corpus.revision)
    out.parent.mkdir(parents=True, exist_ok=True)
    # Two downloads of one file take turns; the second finds what the first has brought.
    with FileLock(out.parent / f".{out.name}.lock"):
        if not update and is_verified(path, out):
            return
        for torso in out.parent.glob(f".{out.stem}-????????{out.suffix}"):  # of a download that was killed
            torso.unlink()
        with atomic_path(out) as temporary:
            origin, entry = _bring(path, temporary, out, update)
        # What a mirror says of a file that nobody has seen at its source is no ground to hold others to it.
        if corpus.kind == "hub" and not origin.startswith(MIRROR):
            record({path: entry}, replacing=path if update else None)
        elif not _is_known(path):
            log.warning("%s: from %s, unverified: neither the registry nor the lock knows it", path, origin)


def is_verified(path: str, out: Path) -> bool:
    """Return whether `out` is there and is the item that the registry or the lock holds."""
    corpus, file = raw_item(path)
    locked = read_lock().get(path)
    if not out.is_file() or not _is_known(path):
        return False
    try:
        found = Entry.of(out, corpus.revision, path, str(out))
        check_file(file, found, str(out))
    except DownloadError:
        return False
    return locked in (None, found)


def expected_sha256(path: str, out: Path) -> str:
    """Return the SHA-256 that an item must have by the registry or the lock; its own where neither knows it."""
    locked = read_lock().get(path)
    return raw_item(path)[1].sha256 or (locked.sha256 if locked else sha256_file(out))


def refuse_damaged(corpus: str, language: str, split: str, folder: Path) -> None:
    """Hold the files that a split is read from to the registry and the lock, whoever placed them there.

    Raises:
        DataError: one is another file than the known one.
    """
    for path in raw_files(corpus, language, split):
        place = folder / Path(path).name
        if place.is_file() and _is_known(path) and not is_verified(path, place):
            raise DataError(f"{place}: not the file that the registry or the lock holds; remove it and run again.")


def check_file(file: RemoteFile, found: Entry, origin: str) -> None:
    """Compare a file with what the registry says of it.

    Raises:
        DownloadError: the size or the SHA-256 differs.
    """
    if file.bytes not in (None, found.bytes):
        raise DownloadError(f"{origin}: expected {file.bytes} bytes, found {found.bytes}: another file.")
    if file.sha256 not in (None, found.sha256):
        raise DownloadError(
            f"{origin}: expected sha256 {file.sha256}, found {found.sha256}; the file there is damaged or has changed."
        )


def update_lock(name: str, raw: Path) -> None:
    """Fetch a file or an encoder anew and put what it is now in the lock.

    Args:
        name: "wikiann/qu/train.parquet", or "encoders/<hub id>@<revision>".
        raw: the folder of downloaded corpora.

    Raises:
        ConfigError, DownloadError: as the downloads; the lock does not hold files of this kind.
    """
    if not name.startswith("encoders/"):
        if raw_item(name)[0].kind != "hub":
            raise ConfigError(f"{name}: registry.yaml itself holds its checksum; edit it there.")
        download(name, raw / name, update=True)
        return
    hub_id, _, revision = name.removeprefix("encoders/").partition("@")
    if not revision:
        raise ConfigError(f"{name}: say at which revision: {name}@<commit>.")
    with TemporaryDirectory() as folder:
        record(fetch_encoder(hub_id, revision, Path(folder), update=True), replacing=name)


def _is_known(path: str) -> bool:
    return bool(raw_item(path)[1].sha256 or path in read_lock())


def _bring(path: str, temporary: Path, out: Path, update: bool) -> tuple[str, Entry]:
    """Try the places that have an item until one gives the right content; return which, and what it gave.

    Raises:
        DownloadError: none does.
    """
    corpus, file = raw_item(path)
    failures = []
    for origin, write in _origins(corpus, file, mirrored=not update):
        try:
            write(temporary)
            found = Entry.of(temporary, corpus.revision, path, origin)
            check_file(file, found, origin)
            if not update:
                check_entry(path, found, origin)
        except DownloadError as failure:
            failures.append(str(failure))
        else:
            return origin, found
    raise DownloadError(
        f"{path} could not be downloaded.\n"
        + "".join(f"- {failure}\n" for failure in failures)
        + f"Without a network, or if the source is gone: set {MIRROR} to a folder or a base url that holds {path}, or "
        f"place the file by hand at {out}."
    )


def mirror_place(item: str) -> str | Path | None:
    """Return the url or the path at which the user's mirror holds an item; None without a mirror."""
    mirror = os.environ.get(MIRROR, "")
    if mirror.startswith(("http://", "https://")):
        return f"{mirror.rstrip('/')}/{quote(item)}"
    return Path(mirror).absolute() / item if mirror else None


def _origins(corpus: Corpus, file: RemoteFile, mirrored: bool) -> Iterator[Origin]:
    """Yield where an item may come from: the user's mirror first, then its urls or the hub."""
    mirror = mirror_place(f"{corpus.name}/{file.path}") if mirrored else None
    if isinstance(mirror, Path):
        yield f"{MIRROR}, {mirror}", lambda temporary: _copy(mirror, temporary)
    elif mirror:
        yield f"{MIRROR}, {mirror}", partial(_fetch, mirror, file.bytes)
    if corpus.kind == "hub":
        place = f"{endpoint()}, {corpus.repo} at {corpus.revision}, {file.pattern}"
        yield place, lambda temporary: _copy_from_hub(corpus, file, temporary)
    else:
        yield from _urls(*file.urls, file=file)


def _urls(*urls: str, file: RemoteFile) -> Iterator[Origin]:
    for url in urls:
        yield url, partial(_fetch, url, file.bytes)


def _fetch(url: str, size: int | None, temporary: Path) -> None:
    if is_offline():
        raise DownloadError(f"{url}: HF_HUB_OFFLINE forbids downloads.")
    fetch(url, size, temporary)


def _copy(source: Path, temporary: Path) -> None:
    try:
        shutil.copyfile(source, temporary)
    except OSError as error:
        raise DownloadError(f"{source}: {error.strerror}") from error


def _copy_from_hub(corpus: Corpus, file: RemoteFile, temporary: Path) -> None:
    """Copy the one file of a hub corpus that fits the item's pattern."""
    found = hub_files(corpus.repo, "dataset", corpus.revision, [file.pattern])
    if len(found) != 1:
        raise DownloadError(
            f"{corpus.repo} at {corpus.revision}: expected one file like {file.pattern}, found {len(found)}. Either it "
            f"has no data for {file.path.partition('/')[0]!r}, or its layout is another: correct the pattern in the "
            "registry."
        )
    (path,) = found.values()
    _copy(path, temporary)
