"""What is odd in the data, by their report: what a reader should know before believing a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_UNKNOWN = 0.01  # share of the subwords that are unknown, from which it is told
MOST_CUT = 0.01  # share of the examples beyond the length limit
MOST_REPEATED = 0.01  # share of the examples whose text stands earlier in the same part
NAMED = 4  # parts that a sentence names


def odd(report: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence on each thing that is odd in a data report."""
    for task, pairs in report["shared"].items():
        for pair, count in pairs.items():
            if count:
                yield f"{task}: {pair} share {count} text{'' if count == 1 else 's'}: what is tested was seen."
    for part in report["parts"]:
        place = f"{part['task']}, {part['language']}, {part['part']}"
        if part["repeated"] > MOST_REPEATED * part["examples"]:
            yield f"{place}: {part['repeated']} of {part['examples']:,} examples repeat an earlier text."
        if part.get("entities") == 0:
            yield f"{place}: no entity at all."
    yield from unknown_subwords(report)
    for encoder, parts in _by_encoder(report).items():
        cut = {_place(part): part["examples_cut"] / max(_examples(report, part), 1) for part in parts}
        yield from _most(f"examples longer than the limit, cut for encoder {encoder}", cut, MOST_CUT)
    yield from (" ".join(note.split()) for note in report["notes"])


def unknown_subwords(report: dict[str, Any]) -> Iterator[str]:
    """Yield, for each encoder whose vocabulary lacks much of a part, of which parts and how much."""
    for encoder, parts in _by_encoder(report).items():
        unknown = {_place(part): (part["unknown"] or 0) / max(part["subwords"], 1) for part in parts}
        yield from _most(f"subwords unknown to encoder {encoder}", unknown, MOST_UNKNOWN)


def _by_encoder(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    names = dict.fromkeys(part["encoder"] for part in report["encoded"])
    return {name: [part for part in report["encoded"] if part["encoder"] == name] for name in names}


def _place(part: dict[str, Any]) -> str:
    return f"{part['task']} {part['language']} {part['part']}"


def _most(what: str, shares: dict[str, float], bound: float) -> Iterator[str]:
    """Yield a sentence on the parts whose share lies above a bound, the largest of them named."""
    above = sorted(((share, place) for place, share in shares.items() if share > bound), reverse=True)
    if above:
        named = ", ".join(f"{place} {100 * share:.1f} %" for share, place in above[:NAMED])
        more = f" and {len(above) - NAMED} more parts above {100 * bound:g} %" if len(above) > NAMED else ""
        yield f"{what[0].upper()}{what[1:]}: {named}{more}."


def _examples(report: dict[str, Any], part: dict[str, Any]) -> int:
    """Return how many examples an encoded part has."""
    keys = ("task", "language", "part")
    return next(int(one["examples"]) for one in report["parts"] if all(one[key] == part[key] for key in keys))
