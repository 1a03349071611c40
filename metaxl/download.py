"""What comes from outside, items of the registry's corpora and encoders: verified before it is visible."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock

from metaxl.errors import DownloadError
from metaxl.files import atomic_folder, atomic_path, sha256_file
from metaxl.hub import build_tokenizer, endpoint, hub_files, is_offline
from metaxl.lock import Entry, check_entry, check_revision, read_lock, record
from metaxl.registry import Corpus, RemoteFile, raw_item
from metaxl.web import fetch

MIRROR = "METAXL_MIRROR"
ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
# Where a file may come from: how to call the place, and what writes it to a path.
Origin = tuple[str, Callable[[Path], None]]


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
        for torso in out.parent.glob(f".{out.stem}-*{out.suffix}"):  # of a download that was killed
            torso.unlink()
        with atomic_path(out) as temporary:
            entry = _bring(path, temporary, out, update)
        if corpus.kind == "hub":
            record({path: entry}, replace=update)


def is_verified(path: str, out: Path) -> bool:
    """Return whether `out` is there and is the item that the registry or the lock holds."""
    corpus, file = raw_item(path)
    locked = read_lock().get(path)
    if not out.is_file() or not (file.sha256 or locked):
        return False
    try:
        found = Entry.of(out, corpus.revision, path)
        check_file(file, found, str(out))
    except DownloadError:
        return False
    return locked in (None, found)


def expected_sha256(path: str, out: Path) -> str:
    """Return the SHA-256 that an item must have by the registry or the lock; its own where neither knows it."""
    locked = read_lock().get(path)
    return raw_item(path)[1].sha256 or (locked.sha256 if locked else sha256_file(out))


def check_file(file: RemoteFile, found: Entry, origin: str) -> None:
    """Compare a file with what the registry says of it.

    Raises:
        DownloadError: the size or the SHA-256 differs.
    """
    if file.size not in (None, found.bytes):
        raise DownloadError(f"{origin}: expected {file.size} bytes, found {found.bytes}: another file.")
    if file.sha256 not in (None, found.sha256):
        raise DownloadError(
            f"{origin}: expected sha256 {file.sha256}, found {found.sha256}; the file there is damaged or has changed."
        )


def download_encoder(hub_id: str, revision: str, out: Path) -> None:
    """Fetch an encoder into a plain folder: config.json, model.safetensors, tokenizer.json.

    Pickled weights are not fetched and no code of the repository is run.

    Args:
        hub_id: of a model of the hub, "FacebookAI/xlm-roberta-base".
        revision: a commit, for a result that can be reproduced, or a branch.
        out: the folder, which replaces one that is already there.

    Raises:
        DownloadError: it cannot be fetched, is damaged, is another than the locked one, or has no safetensors.
    """
    check_revision(f"encoders/{hub_id}/config.json", revision)
    found = _encoder_files(hub_id, revision)
    entries = _entries(hub_id, revision, found)
    for name, entry in entries.items():
        check_entry(name, entry, f"{endpoint()}, {hub_id} at {revision}")
    with atomic_folder(out) as temporary:
        for name, path in found.items():
            _link(path, temporary / name)
        if "tokenizer.json" not in found:
            build_tokenizer(hub_id, revision, temporary / "tokenizer.json")
    record(entries)


def update_lock(name: str, raw: Path) -> None:
    """Fetch a file or an encoder anew and put what it is now in the lock.

    Args:
        name: "wikiann/qu/train.parquet", or "encoders/<hub id>@<revision>".
        raw: the folder of downloaded corpora.

    Raises:
        ConfigError, DownloadError: as the downloads.
    """
    if not name.startswith("encoders/"):
        download(name, raw / name, update=True)
        return
    hub_id, _, revision = name.removeprefix("encoders/").partition("@")
    if not revision:
        raise DownloadError(f"{name}: say at which revision: {name}@<commit>.")
    record(_entries(hub_id, revision, _encoder_files(hub_id, revision)), replace=True)


def _bring(path: str, temporary: Path, out: Path, update: bool) -> Entry:
    """Try the places that have an item until one gives the right content.

    Raises:
        DownloadError: none does.
    """
    corpus, file = raw_item(path)
    failures = []
    for origin, write in _origins(corpus, file):
        try:
            write(temporary)
            found = Entry.of(temporary, corpus.revision, path)
            check_file(file, found, origin)
            if not update:
                check_entry(path, found, origin)
        except DownloadError as failure:
            failures.append(str(failure))
        else:
            return found
    raise DownloadError(
        f"{path} could not be downloaded.\n"
        + "".join(f"- {failure}\n" for failure in failures)
        + f"Without a network, or if the source is gone: set {MIRROR} to a folder or a base url that holds {path}, or "
        f"place the file by hand at {out}."
    )


def _origins(corpus: Corpus, file: RemoteFile) -> Iterator[Origin]:
    """Yield where an item may come from: the user's mirror first, then its urls or the hub."""
    mirror, item = os.environ.get(MIRROR, ""), f"{corpus.name}/{file.path}"
    if mirror.startswith(("http://", "https://")):
        yield from _urls(f"{mirror.rstrip('/')}/{quote(item)}", file=file)
    elif mirror:
        yield f"{MIRROR}={mirror}", lambda temporary: _copy(Path(mirror, item), temporary)
    if corpus.kind == "hub":
        place = f"{endpoint()}, {corpus.repo} at {corpus.revision}, {file.pattern}"
        yield place, lambda temporary: _copy_from_hub(corpus, file, temporary)
    else:
        yield from _urls(*file.urls, file=file)


def _urls(*urls: str, file: RemoteFile) -> Iterator[Origin]:
    for url in urls:
        yield url, partial(_fetch, url, file.size)


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


def _encoder_files(hub_id: str, revision: str) -> dict[str, Path]:
    """Return the files of an encoder in the hub client's cache.

    Raises:
        DownloadError: the repository has no weights as safetensors, or no configuration.
    """
    found = hub_files(hub_id, "model", revision, ENCODER_FILES)
    what = f"{hub_id} at {revision}"
    if "model.safetensors" not in found:
        raise DownloadError(
            f"{what} has no model.safetensors. Pickled weights can run code when they are read and are never "
            "fetched: choose a revision with safetensors, or convert the weights yourself and name the folder under "
            "encoders.<name>.folder."
        )
    if "config.json" not in found:
        raise DownloadError(
            f"{what} has no config.json, so it is no encoder of the transformers library; check the id."
        )
    return found


def _entries(hub_id: str, revision: str, found: dict[str, Path]) -> dict[str, Entry]:
    return {f"encoders/{hub_id}/{name}": Entry.of(path, revision, name) for name, path in found.items()}


def _link(source: Path, target: Path) -> None:
    """Link `target` to the file behind `source`, or copy it where the file systems differ."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
