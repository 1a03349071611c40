"""Plain files by url."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from metaxl import __version__
from metaxl.errors import DownloadError

CONNECT_SECONDS = 10.0
PROBE_SECONDS = 5.0


def fetch(url: str, size: int | None, path: Path) -> None:
    """Write the body at `url` to `path`, no further than shortly past `size` bytes.

    A busy or failing server is asked again, after the time that it names; HTTPS_PROXY and NO_PROXY are honoured.

    Raises:
        DownloadError: the server cannot be reached, refuses, or sends less than it announced.
    """
    # The hub client's variable, so that one setting serves both.
    patience = float(os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT", "30"))
    received = 0
    try:
        with _session().get(url, stream=True, timeout=(CONNECT_SECONDS, patience)) as response, path.open("wb") as body:
            response.raise_for_status()
            for chunk in response.iter_content(1 << 16):
                received += body.write(chunk)
                if size is not None and received > size:
                    break
    except (OSError, requests.RequestException) as error:
        raise DownloadError(f"{url}: {error}") from error


def unreachable(url: str) -> str | None:
    """Return why nothing answers at `url`, or None if something does, whatever it says."""
    try:
        requests.head(url, timeout=PROBE_SECONDS)
    except requests.RequestException as error:
        return type(error).__name__
    return None


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"metaxl/{__version__}"
    again = Retry(total=3, connect=1, backoff_factor=0.5, status_forcelist=(408, 429, 500, 502, 503, 504))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    return session
