"""Draw distinct sentences for a split, so that no sentence of one split can appear in another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from metaxl.demo.languages.atlas import LANGUAGES, PROFILES
from metaxl.demo.languages.language import Language, Phrase
from metaxl.demo.languages.world import chance
from metaxl.errors import DataError, did_you_mean

# A sentence's hash in [0, 1) falls below the bound of its split; "text" is the unlabelled text.
_UPPER_BOUND = {"train": 0.35, "dev": 0.45, "test": 0.55, "text": 1.0}
Drawn = TypeVar("Drawn")


def speak(code: str, seed: int) -> Language:
    """Return the language of a code in the world of a seed, or raise a DataError where no language has this code."""
    if code not in PROFILES:
        known, hint = ", ".join(LANGUAGES), did_you_mean(code, LANGUAGES)
        raise DataError(f"unknown synthetic language {code!r}: expected one of {known}.{hint}")
    return Language(seed, PROFILES[code])


def check_split(split: str) -> None:
    """Raise a DataError where there is no such split."""
    if split not in _UPPER_BOUND:
        raise DataError(f"unknown split {split!r}: expected one of {', '.join(_UPPER_BOUND)}")


def written(phrase: Phrase) -> str:
    """Return the words of a phrase with single spaces between them."""
    return " ".join(token.form for token in phrase)


def draw_for(split: str, make: Callable[[], Phrase]) -> Phrase:
    """Make sentences until one belongs to the split; the hash of its text alone decides to which it belongs."""
    while True:
        sentence = make()
        draw = chance("split", written(sentence))
        if next(name for name, bound in _UPPER_BOUND.items() if draw < bound) == split:
            return sentence


def distinct(make: Callable[[], Drawn], key: Callable[[Drawn], str], count: int) -> list[Drawn]:
    """Make things until `count` of them have different keys."""
    found: dict[str, Drawn] = {}
    while len(found) < count:
        drawn = make()
        found.setdefault(key(drawn), drawn)
    return list(found.values())
