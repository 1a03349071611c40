"""Fetch an encoder of the hub: it is held to the lock, and its code is left alone.

Pickled weights are fetched for a conversion alone, which reads them in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from metaxl.downloads.hub import commit_of, endpoint, explained, hub_files, listed_files
from metaxl.downloads.lock import Entry, check_entry, read_lock
from metaxl.errors import DownloadError
from metaxl.files import link_or_copy

FETCHED_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt"),
    *("sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"),
)
PICKLE, SHARDS, INDEX = "pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"


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
        raise DownloadError(f"{what} has no model.safetensors. {_way_out(hub_id, revision)}")
    _require_config(found, what)
    for name, path in found.items():
        link_or_copy(path, folder / name)
    if "tokenizer.json" not in found:
        _build_tokenizer(hub_id, revision, folder / "tokenizer.json")
    return _entries(hub_id, revision, folder.iterdir(), commit_of(found.values()), update)


def fetch_pickled(hub_id: str, revision: str, update: bool = False) -> tuple[Path, dict[str, Entry]]:
    """Fetch the configuration, tokenizer and pickled weights of an encoder; return the cache's folder and the entries.

    Raises:
        DownloadError: it cannot be fetched, is damaged, is not the locked one, has safetensors or no pickled weights.
    """
    patterns, what = ("config.json", *TOKENIZER_FILES, PICKLE, SHARDS, INDEX), f"{hub_id} at {revision}"
    names = listed_files(hub_id, "model", revision, (*patterns, "model.safetensors"))
    if "model.safetensors" in names:
        raise DownloadError(f"{what} has model.safetensors and needs no conversion: name it at encoders.<name>.hub.")
    if not _has_pickles(names):
        raise DownloadError(f"{what} has neither {PICKLE} nor {INDEX}, so there is nothing to convert; check the id.")
    found = hub_files(hub_id, "model", revision, patterns)
    _require_config(found, what)
    entries = _entries(hub_id, revision, found.values(), commit_of(found.values()), update)
    return found["config.json"].parent, entries


def is_pickle(name: str) -> bool:
    """Return whether a file of an encoder, or its name in the lock, is of pickled weights."""
    return any(fnmatchcase(name.rpartition("/")[2], pattern) for pattern in (PICKLE, SHARDS))


def _has_pickles(names: Iterable[str]) -> bool:
    return not {PICKLE, INDEX}.isdisjoint(names)


def _way_out(hub_id: str, revision: str) -> str:
    """Say what becomes of an encoder without safetensors."""
    if not _has_pickles(listed_files(hub_id, "model", revision, (PICKLE, INDEX))):
        return "Choose a revision with safetensors, or another encoder."
    return (
        "Pickled weights can run code when they are read and are never fetched here. Convert them once, in a process "
        f"that runs no code of theirs: metaxl encoder convert {hub_id} --revision {revision} --out FOLDER; then name "
        "the folder at encoders.<name>.folder."
    )


def _require_config(found: Iterable[str], what: str) -> None:
    if "config.json" not in found:
        raise DownloadError(
            f"{what} has no config.json, so it is no encoder of the transformers library; check the id."
        )


def _entries(hub_id: str, revision: str, paths: Iterable[Path], commit: str, update: bool) -> dict[str, Entry]:
    """Describe the files of an encoder; unless they `update` the lock, hold them to it."""
    prefix, origin = f"encoders/{hub_id}@{revision}", f"{endpoint()}, {hub_id} at {revision}"
    entries = {f"{prefix}/{path.name}": Entry.of(path, commit, path.name, origin) for path in sorted(paths)}
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

    tokenizer: Any = None
    reason = "it has only a slow one"
    with explained(f"{repo} at {revision}, tokenizer"):
        try:
            tokenizer = AutoTokenizer.from_pretrained(repo, revision=revision, trust_remote_code=False)
        except (ImportError, ValueError) as error:  # not of the network
            reason = " ".join(str(error).split())
    if not getattr(tokenizer, "is_fast", False):
        raise DownloadError(
            f"{repo} at {revision}: it has no tokenizer.json, and transformers can make none of its other files "
            f"({reason}); choose an encoder with a fast tokenizer."
        )
    tokenizer.backend_tokenizer.save(str(path))
