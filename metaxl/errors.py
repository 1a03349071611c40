"""The exceptions a user may see. Each message says what, where, what was expected and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches

URLS = ("METAXL_MIRROR", "HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # variables that may hold a password
USER = re.compile(r"(?<=://)[^\s/?#'\"]*@")
QUERY = re.compile(r"((?:\w://|(?<![^\s'\"=(])/)[^\s?'\"]*\?)[^\s'\"]*[^\s'\",.:;)]")
OF_MACHINE = 75  # the exit code of a fault of the machine: sysexits.h has it for what may succeed later


def without_credentials(text: str) -> str:
    """Return `text` without the names, passwords and tokens of urls, which stand before the host or in a query."""
    for variable in (name for known in URLS for name in (known, known.lower())):
        _, scheme, place = os.environ.get(variable, "").partition("://")
        if scheme and "@" in place:  # a password may hold what a url may not, and still reach a message
            text = text.replace(place[: place.rindex("@") + 1], "")
    return QUERY.sub(r"\1...", USER.sub("", text))


class MetaXLError(Exception):
    """Base of every error that ends a command with its message alone; no message holds a password."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        """Take the message as it is, but for credentials of urls."""
        super().__init__(without_credentials(message))


class ConfigError(MetaXLError):
    """The configuration names something that does not exist or has the wrong type."""


class DataError(MetaXLError):
    """A data file is missing, malformed or smaller than what was asked of it."""


class DownloadError(MetaXLError):
    """A file or repository could not be fetched, or is not the one that was expected."""


class EncoderError(MetaXLError):
    """An encoder folder lacks a file or holds a model of another family."""


class TrainingError(MetaXLError):
    """Training cannot go on: the loss or a gradient is not finite."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the closest known name, or nothing when none is close."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
