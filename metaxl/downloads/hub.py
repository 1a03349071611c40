"""Files of the Hugging Face hub, through its own client, verified.

The client honours HF_ENDPOINT (a mirror), HF_HOME (its cache), HF_TOKEN and HF_HUB_OFFLINE.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import constants
from huggingface_hub.utils.sha import git_hash

from metaxl.downloads.web import unreachable
from metaxl.errors import DownloadError
from metaxl.files import sha256_file

Kind = Literal["dataset", "model"]
ADVICE = (
    "Check the id, the revision and the network. HF_HUB_OFFLINE forbids downloads, HF_TOKEN opens what needs a login, "
    "HF_ENDPOINT names a mirror; without a network, fill HF_HOME on a machine that has one."
)


def hub_files(repo: str, kind: Kind, revision: str, patterns: Sequence[str]) -> dict[str, Path]:
    """Fetch the files of a repository that fit one of `patterns`; return path there -> path in the client's cache.

    The client checks sizes only, so a damaged file would stay in its cache for good. It is replaced: fetched once more.

    Raises:
        DownloadError: the repository cannot be fetched, or a file is damaged twice.
    """
    what, down = f"{repo} at {revision}", {} if is_offline() else unreachable([endpoint()])
    # The client itself would go on asking an endpoint that is down for half a minute.
    if down and not cached_files(repo, kind, revision, patterns):
        raise DownloadError(f"{what}: nothing answers at {endpoint()} ({down[endpoint()]}).\n{ADVICE}")
    _limit_patience()
    with explained(what):
        found = _snapshot(repo, kind, revision, patterns, local_files_only=bool(down))
    damaged = _damaged(found)
    if damaged and not down and not is_offline():
        with explained(what):
            _snapshot(repo, kind, revision, list(damaged), force_download=True)
        damaged = _damaged(found)
    if not damaged:
        _remove_partial_downloads(found.values())
        return found
    name, fault = next(iter(damaged.items()))
    if down or is_offline():
        raise DownloadError(f"{found[name]}: damaged in the cache: {fault}. Fetch it again.")
    url = f"{endpoint()}/{'datasets/' if kind == 'dataset' else ''}{repo}/resolve/{revision}/{name}"
    raise DownloadError(f"{url}: damaged twice on its way: {fault}. Use another mirror (HF_ENDPOINT).")


def cached_files(repo: str, kind: Kind, revision: str, patterns: Sequence[str]) -> dict[str, Path]:
    """Return what `hub_files` would, as far as it is in the client's cache already; no request is made."""
    try:
        return _snapshot(repo, kind, revision, patterns, local_files_only=True)
    except (OSError, ValueError):
        return {}


def listed_files(repo: str, kind: Kind, revision: str, patterns: Sequence[str]) -> list[str]:
    """Return which files a repository has that fit a pattern; without a network, of those in the client's cache.

    Raises:
        DownloadError: the repository or the revision cannot be read.
    """
    if is_offline() or unreachable([endpoint()]):
        return list(cached_files(repo, kind, revision, patterns))
    from huggingface_hub import HfApi

    _limit_patience()
    with explained(f"{repo} at {revision}"):
        names = HfApi().list_repo_files(repo, repo_type=kind, revision=revision)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def commit_of(paths: Iterable[Path]) -> str:
    """Return the commit of files in the client's cache, which their snapshot's folder is named after."""
    path = next(iter(paths))
    return next(parent.name for parent in path.parents if parent.parent.name == "snapshots")


def endpoint() -> str:
    """Return the base url of the hub, or of the mirror that HF_ENDPOINT names."""
    return constants.ENDPOINT


def is_offline() -> bool:
    """Return whether HF_HUB_OFFLINE forbids the network."""
    return constants.is_offline_mode()


def _snapshot(repo: str, kind: Kind, revision: str, patterns: Sequence[str], **options: Any) -> dict[str, Path]:
    from huggingface_hub import snapshot_download  # takes a third of a second to load

    folder = Path(snapshot_download(repo, repo_type=kind, revision=revision, allow_patterns=list(patterns), **options))
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path for name, path in files.items() if any(fnmatchcase(name, pattern) for pattern in patterns)}


@cache
def _limit_patience() -> None:
    """Give the client's requests a timeout where it gives them none; an endpoint could hold it for ever."""
    from huggingface_hub import get_session, set_client_factory

    def limit(request: Any) -> None:
        stated = request.extensions.get("timeout", {})
        limits = dict.fromkeys(("connect", "read", "write", "pool"), constants.HF_HUB_DOWNLOAD_TIMEOUT)
        request.extensions["timeout"] = limits | {name: value for name, value in stated.items() if value is not None}

    # The client opens another session after some errors; hence a factory.
    default = get_session()
    hooks = default.event_hooks | {"request": [*default.event_hooks["request"], limit]}
    set_client_factory(lambda: type(default)(event_hooks=hooks, follow_redirects=True))


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what the client raises into a DownloadError that says what to do."""
    # HTTPError is the client's name for the transport errors of whichever HTTP library it uses.
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except (OSError, HTTPError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DownloadError(f"{what}: cannot be fetched from {endpoint()}: {reason}\n{ADVICE}") from error


def _damaged(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the files of the client's cache that differ from the hash that they are named by, and how.

    A large file is named by its SHA-256, a small one by its SHA-1 in git. Where the file system has no links, the files
    have other names and are not checked here.
    """
    damaged = {}
    for name, path in files.items():
        stated = found = path.resolve().name
        if re.fullmatch(r"[0-9a-f]{64}", stated):
            found = sha256_file(path)
        elif re.fullmatch(r"[0-9a-f]{40}", stated):
            found = git_hash(path.read_bytes())
        if found != stated:
            damaged[name] = f"expected hash {stated}, found {found}"
    return damaged


def _remove_partial_downloads(paths: Iterable[Path]) -> None:
    """Remove what killed downloads of these files left in the cache; the client itself never does."""
    for path in paths:
        blob = path.resolve()
        for partial_download in blob.parent.glob(f"{blob.name}.*.incomplete"):
            partial_download.unlink(missing_ok=True)
