"""The world that all synthetic languages speak of: its concepts, its names, and the region of each name.

Every draw is seeded by the hash of a string, so a world's seed gives the same world on any machine.
"""

from __future__ import annotations

import hashlib
import random
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["given", "surname", "place", "brand"]
Pool = Literal["train", "dev", "test"]

# The number of concepts of each class; every language has a word for each of them.
CLASSES = {
    "person_noun": 16, "org_noun": 8, "place_noun": 12, "thing": 70, "adjective": 30, "adverb": 10, "time": 10,
    "person_verb": 16, "org_verb": 12, "shared_verb": 10, "thing_verb": 14,
    "product": 20, "good": 6, "bad": 6, "like": 3, "dislike": 3, "use_verb": 6,
}  # fmt: skip
GRAMMATICAL = ("and", "in", "from", "of", "with", "is", "not", "very", "little", "but", "new", "this", "i")

NAMES: dict[Kind, int] = {"given": 320, "surname": 480, "place": 500, "brand": 200}
REGIONS = ("west", "andes", "han", "islands", "caucasus", "volga", "steppe", "deccan", "iran")


class Name(NamedTuple):
    """A name of the world: its number and its home region."""

    kind: Kind
    number: int
    region: str


def dice(*parts: str | int) -> random.Random:
    """Return a generator that the parts alone seed, the same on every machine and in every process."""
    return random.Random(_hashed(8, *parts))


def chance(*parts: str | int) -> float:
    """Return a number in [0, 1) that is a pure function of the parts."""
    return _hashed(6, *parts) / 2**48


def _hashed(size: int, *parts: str | int) -> int:
    """Return the first `size` bytes of the parts' hash as a number."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:size], "big")


def concept(rng: random.Random, cls: str) -> str:
    """Draw a concept of a class."""
    return f"{cls}-{_skewed(rng, CLASSES[cls])}"


def _skewed(rng: random.Random, size: int) -> int:
    """Draw an index below `size`; low ones come more often (a flat Zipf law, as in real text)."""
    return int(size * rng.random() ** 2)


@lru_cache(maxsize=8)
def names(seed: int) -> dict[tuple[Kind, str, Pool], tuple[Name, ...]]:
    """Return the names of a world by kind, home region and pool (60 % train, 12 % dev, 28 % test)."""
    found: dict[tuple[Kind, str, Pool], list[Name]] = {}
    for kind, size in NAMES.items():
        for number in range(size):
            # Regions take turns, so that each of them has names of every kind and pool.
            region, turn = REGIONS[number % len(REGIONS)], number // len(REGIONS)
            pool: Pool = ("train", "test", "train", "dev", "train")[turn % 5] if turn % 10 != 8 else "test"
            found.setdefault((kind, region, pool), []).append(Name(kind, number, region))
    for key, group in found.items():
        dice(seed, "fame", *key).shuffle(group)
    return {key: tuple(group) for key, group in found.items()}


def pick_name(rng: random.Random, seed: int, kind: Kind, region: str, pool: Pool) -> Name:
    """Draw a name: 60 % from the speaker's own region, 15 % from the west, the rest from anywhere."""
    where = rng.random()
    home = region if where < 0.6 else "west" if where < 0.75 else rng.choice(REGIONS)
    group = names(seed)[kind, home, pool]
    return group[_skewed(rng, len(group))]
