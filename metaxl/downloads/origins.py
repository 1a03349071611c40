"""The places that an item of a corpus may come from: the user's mirror, its urls, the hub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from metaxl.downloads.hub import endpoint, hub_files
from metaxl.downloads.registry import Corpus, RemoteFile
from metaxl.downloads.web import fetch
from metaxl.errors import DownloadError

MIRROR = "METAXL_MIRROR"
# A place that may have an item: what a message calls it, and a function that writes the item from there to a path.
Origin = tuple[str, Callable[[Path], object]]


def origins(corpus: Corpus, file: RemoteFile, mirrored: bool) -> Iterator[Origin]:
    """Yield the places that a file may come from, in the order of trying; the user's mirror first if `mirrored`."""
    mirror = mirror_place(f"{corpus.name}/{file.path}") if mirrored else None
    if isinstance(mirror, Path):
        yield f"{MIRROR}, {mirror}", partial(shutil.copyfile, mirror)
    elif mirror:
        yield f"{MIRROR}, {mirror}", partial(fetch, mirror, file.bytes)
    if corpus.kind == "hub":
        yield f"{endpoint()}, {corpus.repo} at {corpus.revision}, {file.pattern}", partial(_copy_from_hub, corpus, file)
    for url in file.urls:
        yield url, partial(fetch, url, file.bytes)


def mirror_place(item: str) -> str | Path | None:
    """Return the url or the path at which the user's mirror holds an item; None without a mirror."""
    mirror = os.environ.get(MIRROR, "")
    if mirror.startswith(("http://", "https://")):
        base = urlsplit(mirror)
        return base._replace(path=f"{base.path.rstrip('/')}/{quote(item)}").geturl()
    return Path(mirror).absolute() / item if mirror else None


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
    shutil.copyfile(path, temporary)
