"""Which cells of two experiments are pairs, and in what the two of a pair were made otherwise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.reporting.comparing.results import Results, Trained

NAMED = 5  # what a message names before it counts the rest
FACTS = ("encoder", "network", "code", "machine", "device")  # of a provenance, as they stand there


class Pair(NamedTuple):
    """Two cells of the same target, source, method and seed."""

    first: Cell
    second: Cell


@dataclass(frozen=True, slots=True)
class Paired:
    """Two experiments, cell by cell.

    Attributes:
        pairs: the cells that both have.
        alone: those that the first or the second has alone.
        otherwise: by what differs, the two values and in how many pairs they do.
        alike: of how many pairs the predictions count the same for every test sentence.
    """

    pairs: tuple[Pair, ...]
    alone: tuple[tuple[Cell, ...], tuple[Cell, ...]]
    otherwise: dict[str, Counter[tuple[str, str]]]
    alike: int


def pair_up(first: Results, second: Results) -> Paired:
    """Pair the cells of two experiments.

    Cells of the same encoder's name are a pair; else of one target, source, method and seed those that stand alone.

    Raises:
        DataError: there is no pair, or a pair is of different test sentences.
    """
    pairs = _pairs(first, second)
    taken = {cell for pair in pairs for cell in (("first", pair.first), ("second", pair.second))}
    alone = (
        tuple(cell for cell in first.cells if ("first", cell) not in taken),
        tuple(cell for cell in second.cells if ("second", cell) not in taken),
    )
    if not pairs:
        raise DataError(
            f"{first.name} and {second.name}: no cell of the one has the target, source, method and seed of one of "
            f"the other. The first has {_some(alone[0])}; the second {_some(alone[1])}."
        )
    _refuse_other_sentences(first, second, pairs)
    otherwise: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    alike = 0
    for one, other in pairs:
        a, b = first.cells[one], second.cells[other]
        alike += bool((a.counted.counts == b.counted.counts).all())
        for key, values in _differences(a, b):
            otherwise[key][values] += 1
    return Paired(tuple(pairs), alone, dict(otherwise), alike)


def _pairs(first: Results, second: Results) -> list[Pair]:
    pairs = [Pair(cell, cell) for cell in first.cells if cell in second.cells]
    left: list[dict[Cell, list[Cell]]] = []
    for results in (first, second):
        rest: dict[Cell, list[Cell]] = defaultdict(list)
        for cell in results.cells:
            if Pair(cell, cell) not in pairs:
                rest[replace(cell, encoder="")].append(cell)
        left.append(rest)
    pairs += [
        Pair(own[0], left[1][key][0])
        for key, own in left[0].items()
        if len(own) == 1 and len(left[1].get(key, [])) == 1
    ]
    return sorted(pairs, key=lambda pair: pair.first.path)


def _refuse_other_sentences(first: Results, second: Results, pairs: list[Pair]) -> None:
    wrong = {
        (one.task, one.target): (len(first.cells[one].counted.names), len(second.cells[other].counted.names))
        for one, other in pairs
        if first.cells[one].sentences != second.cells[other].sentences
    }
    if wrong:
        told = [f"{task} {target} ({a:,} and {b:,} sentences)" for (task, target), (a, b) in wrong.items()]
        more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
        raise DataError(
            f"{first.name} and {second.name}: their test sentences or gold labels differ, in {', '.join(told[:NAMED])}"
            f"{more}. Differences of scores would be those of the data. Make both from the same data."
        )


def _some(cells: tuple[Cell, ...]) -> str:
    more = f" and {len(cells) - 2} more" if len(cells) > 2 else ""
    return f"{', '.join(cell.path for cell in cells[:2])}{more}"


def _differences(one: Trained, other: Trained) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what two cells were made of otherwise: a key, and both values; folds say the same."""
    a, b = one.made_of[0], other.made_of[0]
    own, theirs = _settings(a), _settings(b)
    for key in sorted({*own, *theirs}):
        if own.get(key) != theirs.get(key):
            yield key, (str(own.get(key, "-")), str(theirs.get(key, "-")))
    for key in FACTS:
        if a.get(key) != b.get(key):
            yield key, (_short(a.get(key)), _short(b.get(key)))
    versions, others = a.get("libraries", {}), b.get("libraries", {})
    for key in sorted({*versions, *others}):
        if versions.get(key) != others.get(key):
            yield key, (str(versions.get(key, "-")), str(others.get(key, "-")))
    if a.get("encoder") == b.get("encoder"):  # else the same data are other subwords
        for role in sorted({*a["data"], *b["data"]}):
            if a["data"].get(role) != b["data"].get(role):
                yield f"data.{role}", (_short(a["data"].get(role)), _short(b["data"].get(role)))


def _settings(made_of: Mapping[str, Any]) -> dict[str, Any]:
    parts = made_of["settings"].items()
    return {f"{part}.{key}": value for part, values in parts for key, value in values.items()}


def _short(value: object) -> str:
    """Return a fact on a line: of a digest its beginning."""
    text = "-" if value is None else str(value)
    return text[:12] if len(text) in (16, 64) and " " not in text else text
