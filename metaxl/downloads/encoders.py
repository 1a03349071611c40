"""Fetch an encoder of the hub: it is held to the lock, and its pickled weights and code are left alone."""

from __future__ import annotations

from pathlib import Path

from metaxl.downloads.hub import commit_of, endpoint, explained, hub_files
from metaxl.downloads.lock import Entry, check_entry, read_lock
from metaxl.errors import DownloadError
from metaxl.files import link_or_copy

FETCHED_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def fetch_encoder(hub_id: str, revision: str, folder: Path, update: bool = False) -> dict[str, Entry]:
    """Fetch FETCHED_FILES of an encoder into an empty folder; a tokenizer.json that is not there is made.

    Pickled weights are not fetched and no code of the repository is run.

    Args:
        hub_id: the id of a model of the hub, "FacebookAI/xlm-roberta-base".
        revision: a commit, for a result that can be reproduced, or a branch.
        folder: the folder to fill.
        update: do not hold the files to the lock.

    Returns:
        The files' entries. The caller gives them to `record` when the folder has proved to hold an encoder.

    Raises:
        DownloadError: it cannot be fetched, is damaged, is not the locked one, or has no configuration or safetensors.
    """
    found, what = hub_files(hub_id, "model", revision, FETCHED_FILES), f"{hub_id} at {revision}"
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
    for name, path in found.items():
        link_or_copy(path, folder / name)
    if "tokenizer.json" not in found:
        _build_tokenizer(hub_id, revision, folder / "tokenizer.json")
    prefix, origin, commit = f"encoders/{hub_id}@{revision}", f"{endpoint()}, {what}", commit_of(found.values())
    entries = {f"{prefix}/{path.name}": Entry.of(path, commit, path.name, origin) for path in sorted(folder.iterdir())}
    if not update:
        gone = {name for name in read_lock() if name.startswith(f"{prefix}/")} - set(entries)
        if gone:
            raise DownloadError(
                f"{origin}: {', '.join(sorted(gone))} of the lock did not come. If that is meant: metaxl lock {prefix}"
            )
        for name, entry in entries.items():
            check_entry(name, entry, origin)
    return entries


def _build_tokenizer(repo: str, revision: str, path: Path) -> None:
    """Convert the tokenizer of a repository without tokenizer.json, running none of its code, and write it."""
    from transformers import AutoTokenizer

    with explained(f"{repo} at {revision}, tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(repo, revision=revision, trust_remote_code=False)
    if not getattr(tokenizer, "is_fast", False):
        raise DownloadError(
            f"{repo} at {revision}: its tokenizer has no tokenizer.json and cannot be converted to one; choose an "
            "encoder with a fast tokenizer."
        )
    tokenizer.backend_tokenizer.save(str(path))
