"""Fetch one item of a corpus: it is verified before it is visible."""

from __future__ import annotations

import glob
import logging
from pathlib import Path

from filelock import FileLock

from metaxl.downloads.lock import Entry, check_revision, record
from metaxl.downloads.origins import MIRROR, origins
from metaxl.downloads.registry import raw_item
from metaxl.downloads.verify import check_item, is_known, is_verified
from metaxl.errors import DownloadError
from metaxl.files import atomic_path

log = logging.getLogger("metaxl")


def download(path: str, out: Path, update: bool = False) -> None:
    """Fetch one item of a corpus of the registry and place it, verified, at `out`.

    Args:
        path: corpus and item: "sentiraama/product_pos.txt", "wikiann/qu/train.parquet".
        out: where the file goes; only a good file replaces what is there already.
        update: pass the mirror over, and replace the item's entry in the lock instead of holding the file to it.

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
        for partial_download in out.parent.glob(f".{glob.escape(out.stem)}-*{out.suffix}"):
            partial_download.unlink()  # a process that was killed left it behind, on this machine or on another
        with atomic_path(out) as temporary:
            origin, entry = _bring(path, temporary, out, update)
        # The lock takes no file from a mirror: nobody has compared it with the source.
        if corpus.kind == "hub" and not origin.startswith(MIRROR):
            record({path: entry}, replacing=path if update else None)
        elif not is_known(path):
            log.warning("%s: from %s, unverified: neither the registry nor the lock knows it", path, origin)


def _bring(path: str, temporary: Path, out: Path, update: bool) -> tuple[str, Entry]:
    """Try the origins of an item until one gives the right content; return that origin and what it gave."""
    failures = []
    for origin, write in origins(*raw_item(path), mirrored=not update):
        try:
            write(temporary)
            return origin, check_item(path, temporary, origin, locked=not update)
        except (DownloadError, OSError) as failure:
            failures.append(f"- {failure}\n")
    raise DownloadError(
        f"{path} could not be downloaded.\n{''.join(failures)}"
        f"Without a network, or if the source is gone: set {MIRROR} to a folder or a base url that holds {path}, or "
        f"place the file by hand at {out}."
    )
