"""The questions that the tables put: which row is compared with which, language by language.

They are fixed here, before anything is trained; a question is put where both of its rows stand in a table. Pure Python:
the workflow, the evidence and the tests share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from metaxl.experiment.config import Config
from metaxl.experiment.grid import Entry, Row, Table, placement_label, tables
from metaxl.experiment.slug import parse_slug

Role: TypeAlias = Literal["confirmatory", "exploratory"]
CONFIRMATORY: Literal["confirmatory"] = "confirmatory"
EXPLORATORY: Literal["exploratory"] = "exploratory"
NO_GROUP, RELATED = "-", "related"
PLACEMENTS = 5  # the number of the table of placements
MAIN = "metaxl-joint"  # the paper's question; a table's bold numbers follow its answer


@dataclass(frozen=True, slots=True)
class Pair:
    """Two methods of one source, the first against the second."""

    key: str
    first: str
    second: str
    role: Role
    question: str


# Tables 2 and 3, for each source. A method of the registry that is first in none of them is compared with JT, or with
# target-only training where it has no source.
PAIRS = (
    Pair("joint-target", "joint", "target", CONFIRMATORY, "Does a source language help?"),
    Pair(MAIN, "metaxl", "joint", CONFIRMATORY, "Does MetaXL help beyond joint training?"),
    Pair("metaxl-frozen", "metaxl", "metaxl-frozen", CONFIRMATORY, "Does it help that the RTN learns?"),
    Pair("half-joint", "joint-half", "joint", EXPLORATORY, "Does half of the target batch, at twice its weight, help?"),
    Pair("frozen-half", "metaxl-frozen", "joint-half", EXPLORATORY, "Does a random RTN help?"),
    Pair("decay-frozen", "metaxl-decay", "metaxl-frozen", EXPLORATORY, "Does weight decay of the RTN help?"),
    Pair("metaxl-decay", "metaxl", "metaxl-decay", EXPLORATORY, "Does the meta-gradient help beyond weight decay?"),
    Pair("zero-target", "zero-shot", "target", EXPLORATORY, "Is the source alone better than the target alone?"),
    Pair("joint-matched", "joint", "target-matched", EXPLORATORY, "Does a source help more than more steps do?"),
    Pair("matched-target", "target-matched", "target", EXPLORATORY, "Do more steps on the target help?"),
    Pair("rtn-joint", "joint-rtn", "joint", EXPLORATORY, "Does an RTN that learns with the encoder help?"),
)
# Methods with which the related source is compared with the common one.
OVER_SOURCES: tuple[tuple[str, str, Role], ...] = (
    ("related-common", "joint", CONFIRMATORY),
    ("related-common-metaxl", "metaxl", EXPLORATORY),
)
BETTER_SOURCE = "Is a related source language better than {common}?"
OVER_PLACEMENTS = "Does MetaXL help beyond joint training after each of these layers?"
OF_OTHER = "Is {first} better than {second}?"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One row of a table against another, over the languages that both have.

    Attributes:
        key: for instance "metaxl-joint"; with table, task and group it names one contrast.
        table: the number of the table.
        group: the source that the table shows for the first: "en", "related", "-" of none.
        role: whether it was to be tested from the start, or is looked at besides.
        question: what it answers.
        labels: of the two rows.
        first: the one, seed by seed and language by language.
        second: the other, which is taken away from it; of the same targets.
        answered_in: the number of the table that puts the same question of the same cells; 0 for none.
    """

    key: str
    table: int
    group: str
    role: Role
    question: str
    labels: tuple[str, str]
    first: Entry
    second: Entry
    answered_in: int = 0

    @property
    def label(self) -> str:
        """Return the two rows as a difference."""
        return " - ".join(self.labels)

    @property
    def of_sources(self) -> bool:
        """Tell whether one method is compared with itself from another source."""
        return self.first.method == self.second.method and self.first.sources != self.second.sources

    @property
    def task(self) -> str:
        """Return the task."""
        return self.first.task

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the targets."""
        return self.first.targets


@dataclass(frozen=True, slots=True)
class Side:
    """A row of a table and one task's part of it."""

    group: str
    label: str
    entry: Entry
    variant: str

    @property
    def method(self) -> str:
        """Return the name of its method."""
        return parse_slug(self.entry.method).method.name


def over_joint(key: str) -> bool:
    """Tell by a contrast's key whether MetaXL, or a variant of it, is compared with joint training."""
    return key == MAIN or (key.startswith("metaxl.") and key.endswith("-joint"))


def contrasts(config: Config, number: int | None = None) -> list[Contrast]:
    """Return the contrasts of every table, or of one, confirmatory before exploratory."""
    found = [one for table in tables(config) if number in (None, table.number) for one in _of_table(config, table)]
    return sorted(found, key=lambda one: (one.table, one.role != CONFIRMATORY))


def _of_table(config: Config, table: Table) -> Iterator[Contrast]:
    sides = [side for row in table.rows for side in _sides(row)]
    if table.number == PLACEMENTS:
        yield from _placements(config, sides)
        return
    plain = {(side.group, side.method): side for side in sides if not side.variant}
    common = next(config.task(side.entry.task).source for side in sides)
    groups = dict.fromkeys(side.group for side in sides)
    for pair in (*PAIRS, *_others(plain)):
        for group in groups:
            first, second = plain.get((group, pair.first)), plain.get((group, pair.second))
            yield from _contrast(table.number, pair.key, pair.role, pair.question, first, second or _alone(plain, pair))
    for key, method, role in OVER_SOURCES:
        pair_of_sources = plain.get((RELATED, method)), plain.get((common, method))
        yield from _contrast(table.number, key, role, BETTER_SOURCE, *pair_of_sources)
    for side in sides:
        if side.variant:
            yield from _variants(table.number, side, plain)


def _alone(plain: dict[tuple[str, str], Side], pair: Pair) -> Side | None:
    """Return a pair's second where it has no source and stands once for all groups."""
    return plain.get((NO_GROUP, pair.second))


def _others(plain: dict[tuple[str, str], Side]) -> Iterator[Pair]:
    """Yield a pair of each method that is first in none of the list."""
    known = {name for pair in PAIRS for name in (pair.first, pair.second)}
    for (group, method), side in plain.items():
        if method not in known:
            second = "target" if group == NO_GROUP else "joint"
            question = OF_OTHER.format(first=side.label, second=plain[_place(plain, group, second)].label)
            known.add(method)
            yield Pair(f"{method}-{second}", method, second, EXPLORATORY, question)


def _place(plain: dict[tuple[str, str], Side], group: str, method: str) -> tuple[str, str]:
    return next(place for place in ((group, method), (NO_GROUP, method)) if place in plain)


def _variants(number: int, side: Side, plain: dict[tuple[str, str], Side]) -> Iterator[Contrast]:
    """Yield a variant against its own method and, where it is one of MetaXL, against JT."""
    for second in dict.fromkeys([side.method, *(["joint"] if side.method == "metaxl" else [])]):
        if rival := plain.get((side.group, second)):
            key = f"{side.method}.{side.variant}-{second}"
            question = OF_OTHER.format(first=side.label, second=rival.label)
            yield from _contrast(number, key, EXPLORATORY, question, side, rival)


def _placements(config: Config, sides: Iterable[Side]) -> Iterator[Contrast]:
    """Yield each placement against joint training, task by task; that of the task's own table is answered there."""
    others = [table for table in tables(config) if table.number != PLACEMENTS]
    answered = {(one.task, one.method): table.number for table in others for one in table.entries()}
    joint = {side.entry.task: side for side in sides if side.method == "joint"}
    for side in sides:
        if side.method != "joint" and side.entry.task in joint:
            place = placement_label(parse_slug(side.entry.method).placement)
            number = answered.get((side.entry.task, side.entry.method), 0)
            for one in _contrast(
                PLACEMENTS, f"{place}-joint", EXPLORATORY, OVER_PLACEMENTS, side, joint[side.entry.task]
            ):
                yield replace(one, answered_in=number)


def _contrast(
    number: int, key: str, role: Role, question: str, first: Side | None, second: Side | None
) -> Iterator[Contrast]:
    """Yield the contrast of two rows over the languages that both have from the sources that are meant, if any."""
    if first is None or second is None:
        return
    rivals = dict(zip(second.entry.targets, second.entry.sources, strict=True))
    pairs = zip(first.entry.targets, first.entry.sources, strict=True)
    same = first.label == second.label  # the sources are compared, and must be two
    shared = [(t, source) for t, source in pairs if t in rivals and not (same and rivals[t] == source)]
    if not shared:
        return
    targets, sources = zip(*shared, strict=True)
    one = replace(first.entry, targets=targets, sources=sources)
    other = replace(second.entry, targets=targets, sources=tuple(rivals[target] for target in targets))
    labels = (first.label, second.label.removeprefix("MetaXL, "))  # "MetaXL - frozen RTN"
    if same:
        labels = (f"{first.label} from {first.group}", f"{second.label} from {second.group}")
        question = question.format(common=second.group)
    group = one.sources[0] if number == PLACEMENTS else first.group
    yield Contrast(key, number, group, role, question, labels, one, other)


def _sides(row: Row) -> Iterator[Side]:
    """Yield a row's part of each task, one target a language, though averages show them again."""
    by_task: dict[str, dict[str, str]] = {}
    entries = [entry for entry in row.entries.values() if entry]
    for entry in entries:
        by_task.setdefault(entry.task, {}).update(zip(entry.targets, entry.sources, strict=True))
    for task, sources in by_task.items():
        about = next(entry for entry in entries if entry.task == task)
        label = f"{row.group} {row.label}" if row.group == "MetaXL" else row.label
        entry = replace(about, targets=tuple(sources), sources=tuple(sources.values()))
        yield Side(row.group, label, entry, row.variant)
