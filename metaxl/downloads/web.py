"""Plain files by url, and which urls cannot be reached."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import Thread

import requests
from huggingface_hub import constants
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from metaxl import __version__
from metaxl.errors import DownloadError

CONNECT_SECONDS = 10.0
PROBE_SECONDS = 5.0
PROBES_SECONDS = 15.0
LONGEST_WAIT = 60  # seconds that a busy server may ask for


def fetch(url: str, size: int | None, path: Path) -> None:
    """Write the body at `url` to `path`; a body of more than `size` bytes is cut off shortly behind them.

    A busy or failing server is asked again, after the time that it names; HTTPS_PROXY and NO_PROXY are honoured.

    Raises:
        DownloadError: the server cannot be reached, refuses, or sends less than it announced.
    """
    # The hub client's variables, so that one setting serves both.
    patience = float(os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT", "30"))
    received = 0
    if constants.is_offline_mode():
        raise DownloadError(f"{url}: HF_HUB_OFFLINE forbids downloads.")
    try:
        with _session().get(url, stream=True, timeout=(CONNECT_SECONDS, patience)) as response, path.open("wb") as body:
            response.raise_for_status()
            for chunk in response.iter_content(1 << 16):
                received += body.write(chunk)
                if size is not None and received > size:
                    break
    except (OSError, requests.RequestException) as error:
        raise DownloadError(f"{url}: {error}") from error


def unreachable(urls: Iterable[str]) -> dict[str, str]:
    """Return the unreachable urls with the reason; any HTTP status counts as reachable, a timeout does not."""
    reasons = dict.fromkeys(urls, "no answer")
    # The threads are daemons, because a name server that hangs would also hold up the end of the process.
    threads = [Thread(target=_probe, args=(url, reasons), daemon=True) for url in reasons]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PROBES_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {url: reason for url, reason in reasons.copy().items() if reason}


def _probe(url: str, reasons: dict[str, str]) -> None:
    try:
        requests.head(url, timeout=PROBE_SECONDS)
        reasons[url] = ""
    except requests.RequestException as error:
        reasons[url] = type(error).__name__


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"metaxl/{__version__}"
    busy = (408, 429, 500, 502, 503, 504)
    again = Retry(total=3, connect=1, backoff_factor=0.5, status_forcelist=busy, retry_after_max=LONGEST_WAIT)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    return session
