"""What is wrong in a cell's predictions, mistake by mistake, and which of them are worth reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import fold_cells
from metaxl.experiment.slug import method_slug
from metaxl.tasks import Task, entity_spans

Kind = Literal["missed", "invented", "wrong type", "wrong ends", "wrong type and ends", "wrong class"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Span = tuple[str, int, int]  # type, first and last word
SHORT, LONG = 4, 25  # words between which a sentence is quickly read


@dataclass(frozen=True, slots=True)
class Mistake:
    """One entity, or one text, that is not as in the gold.

    Attributes:
        kind: what is wrong.
        type: the gold's, or of what is invented the prediction's.
        words: of the sentence; of a text, what stands between its spaces.
        gold: the entity that is meant, None of what is invented; of a text its class and all of it.
        predicted: the entity in its place, None of what is missed.
    """

    kind: Kind
    type: str
    words: tuple[str, ...]
    gold: Span | None
    predicted: Span | None


def read_cells(config: Config, task: TaskSettings) -> list[Cell]:
    """Return the cells whose errors are shown: MetaXL from the common source in each target, of the first seed."""
    slug = method_slug("metaxl", task.placement)
    cells = [
        Cell(task.encoder, task.name, target.language, task.source, slug, config.seeds[0]) for target in task.targets
    ]
    return [part for cell in cells for part in fold_cells(cell, config.folds(cell.task, cell.target))]


def mistakes(task: Task, lines: Iterable[dict[str, Any]]) -> Iterator[Mistake]:
    """Yield the mistakes in the test set's predictions, in their order.

    Args:
        task: whose predictions they are.
        lines: of predictions.jsonl.
    """
    for line in lines:
        if line["split"] != "test":
            continue
        if task.has_words:
            yield from _in_sentence(line)
        elif line["gold"] != line["predicted"]:
            words = tuple(line["text"].split())
            spans = [(line[key][0], 0, len(words) - 1) for key in ("gold", "predicted")]
            yield Mistake("wrong class", spans[0][0], words, *spans)


def _in_sentence(line: dict[str, Any]) -> Iterator[Mistake]:
    """Yield a sentence's mistakes: each entity of the gold with what stands in its place, then what is left over."""
    words = tuple(line["tokens"])
    gold, predicted = (entity_spans(line[key], strict=False) for key in ("gold", "predicted"))
    wrong = [span for span in predicted if span not in gold]
    taken: set[Span] = set()
    for span in (one for one in gold if one not in predicted):
        rivals = [other for other in wrong if other not in taken and _overlap(span, other)]
        rival = max(rivals, key=lambda other: _overlap(span, other), default=None)
        if rival:
            taken.add(rival)
        yield Mistake(_kind(span, rival), span[0], words, span, rival)
    for span in wrong:
        if span not in taken:
            yield Mistake("invented", span[0], words, None, span)


def _overlap(one: Span, other: Span) -> int:
    """Return how many words two entities have in common."""
    return max(0, min(one[2], other[2]) - max(one[1], other[1]) + 1)


def _kind(gold: Span, predicted: Span | None) -> Kind:
    if predicted is None:
        return "missed"
    if gold[1:] == predicted[1:]:
        return "wrong type"
    return "wrong ends" if gold[0] == predicted[0] else "wrong type and ends"


def worth_reading(found: Sequence[Mistake], each: int) -> list[Mistake]:
    """Return up to `each` mistakes of every kind and type: those in sentences that are quickly read come first."""
    shown: dict[tuple[Kind, str], list[Mistake]] = {}
    for one in sorted(found, key=lambda one: not SHORT <= len(one.words) <= LONG):
        shown.setdefault((one.kind, one.type), []).append(one)
    kinds = sorted(shown, key=lambda place: (KINDS.index(place[0]), place[1]))
    return [one for kind in kinds for one in shown[kind][:each]]
