"""Move the lock on purpose: fetch an item or an encoder anew and record what it is now."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from metaxl.downloads.download import download
from metaxl.downloads.encoders import fetch_encoder, fetch_pickled, is_pickle
from metaxl.downloads.lock import read_lock, record
from metaxl.downloads.registry import raw_item
from metaxl.errors import ConfigError


def update_lock(name: str, raw: Path) -> None:
    """Fetch an item, "wikiann/qu/train.parquet", or "encoders/<hub id>@<revision>" anew and record what it is now.

    Raises:
        ConfigError: the registry has no such item, or holds its checksum itself; an encoder's revision is not given.
        DownloadError: it cannot be fetched, is damaged, or is no encoder.
    """
    if not name.startswith("encoders/"):
        if raw_item(name)[0].kind != "hub":
            raise ConfigError(f"{name}: registry.yaml itself holds its checksum; edit it there.")
        download(name, raw / name, update=True)
        return
    hub_id, _, revision = name.removeprefix("encoders/").partition("@")
    if not revision:
        raise ConfigError(f"{name}: say at which revision: {name}@<commit>.")
    if any(is_pickle(file) for file in read_lock() if file.startswith(f"{name}/")):
        record(fetch_pickled(hub_id, revision, update=True)[1], replacing=name)
        return
    with TemporaryDirectory() as folder:
        record(fetch_encoder(hub_id, revision, Path(folder), update=True), replacing=name)
