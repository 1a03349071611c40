"""Tags of named entities: from IOB1, BIOES or BILOU to IOB2, the same entities throughout; and the mapping of types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

OUTSIDE = "O"
TAG = re.compile(r"O|[BIESLU]-(?!O$)\S+")  # a type called O would vanish as no entity
SINGLE, LAST = ("S", "U"), ("E", "L")


def is_tag(value: str) -> bool:
    """Return whether a value is a tag of IOB1, IOB2, BIOES or BILOU."""
    return TAG.fullmatch(value) is not None


def to_iob2(tags: Sequence[str], changed: Counter[str]) -> list[str]:
    """Return the tags of a sentence in IOB2; `changed` counts what became what.

    S- and U- mark an entity of one word, E- and L- the last word of one. An I-, E- or L- that continues no entity of
    its type begins one (as conlleval counts), which is all that tells IOB1 from IOB2.
    """
    converted = []
    before = ""  # the type of the entity that the word before belongs to, if it may go on
    for tag in tags:
        mark, _, kind = tag.partition("-")
        begins = mark in ("B", *SINGLE) or kind != before
        new = OUTSIDE if tag == OUTSIDE else f"{'B' if begins else 'I'}-{kind}"
        if new != tag:
            changed[f"{mark}- to {new[0]}-"] += 1
        converted.append(new)
        before = "" if mark in (*SINGLE, *LAST) else kind
    return converted


def map_types(tags: Sequence[str], types: Mapping[str, str], changed: Counter[str]) -> list[str]:
    """Return tags of IOB2 with types mapped to others, or to O; `changed` counts the entities."""
    mapped = []
    for tag in tags:
        mark, _, kind = tag.partition("-")
        new = types.get(kind, kind)
        if new != kind and mark == "B":
            changed[f"{kind} to {new}"] += 1
        mapped.append(OUTSIDE if new == OUTSIDE or tag == OUTSIDE else f"{mark}-{new}")
    return mapped
