"""The page of the errors: how many of each kind, and examples with words, gold and prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import PREDICTIONS
from metaxl.files import read_jsonl
from metaxl.reporting.kept import is_kept
from metaxl.reporting.mistakes import KINDS, Mistake, Span, mistakes, read_cells, worth_reading
from metaxl.reporting.pages.frames import framed
from metaxl.reporting.pages.html import heading, paragraph, table, wide
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.tasks import find_task

EXAMPLES = 60  # of a task, over all its languages
AROUND = 12  # words of a long text on either side of what is wrong
WHICH = "Of MetaXL from {source}, seed {seed}, on test: the first of the seeds, and not the best."
ELSEWHERE = "The records were kept without predictions, so there is nothing to read."
OF_ENTITIES = (
    " Missed: nothing was found in the entity's place. Invented: nothing stands there. Ends: where it begins or ends. "
    "In the examples the gold is underlined, and what was predicted is shaded."
)


def errors(run: SoFar) -> str:
    """Return the body of the page of the errors."""
    parts = []
    for task in run.config.tasks:
        if not task.targets:
            continue
        parts.append(heading(find_task(task.name).title))
        there = [cell for cell in read_cells(run.config, task) if cell in run.records]
        found = {cell: list(_read(run, cell)) for cell in there if not is_kept(run.root / cell.path)}
        if not found:
            parts.append(paragraph(ELSEWHERE if there else NOT_YET))
            continue
        which = WHICH.format(source=run.name(task.name, task.source), seed=run.config.seeds[0])
        parts.append(paragraph(which + (OF_ENTITIES if find_task(task.name).has_words else "")))
        parts += [_counts(run, found), _examples(run, found)]
    return "".join(parts)


def _read(run: SoFar, cell: Cell) -> Iterator[Mistake]:
    path = run.path(f"{cell.path}/{PREDICTIONS}")
    yield from mistakes(find_task(cell.task), read_jsonl(path)) if path else ()


def _counts(run: SoFar, found: dict[Cell, list[Mistake]]) -> str:
    """Return a table of the mistakes of each kind and type, over all languages."""
    counts = Counter((one.kind, one.type) for several in found.values() for one in several)
    types = sorted({kind for _, kind in counts})
    kinds = [kind for kind in KINDS if any(counts[kind, name] for name in types)]
    rows = [{"": kind} | {name: f"{counts[kind, name]:,}" for name in types} for kind in kinds]
    rows.append({"": "all"} | {name: f"{sum(counts[kind, name] for kind in kinds):,}" for name in types})
    return table(framed(rows, ["", *types]), f"Errors of each kind and type, in {len(found)} test sets")


def _examples(run: SoFar, found: dict[Cell, list[Mistake]]) -> str:
    """Return mistakes to read, as many of each kind and type and language."""
    kinds = max(1, max(len({(one.kind, one.type) for one in several}) for several in found.values()))
    each = max(1, EXAMPLES // (kinds * len(found)))
    shown = [(cell, one) for cell, several in found.items() for one in worth_reading(several, each)]
    step = max(1, -(-len(shown) // EXAMPLES))
    rows = "".join(_row(run.name(cell.task, cell.target), one) for cell, one in shown[::step])
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Language", "Error", "Words", "Gold", "Predicted"))
    caption = f"Of these, {len(shown[::step])}: as many of each kind and type as there is room for"
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n"
    return wide(f'<table class="words long">\n{body}</table>', caption)


def _row(language: str, one: Mistake) -> str:
    texts = [escape(language), escape(one.kind), _words(one), *(_span(one, span) for span in (one.gold, one.predicted))]
    return "<tr>" + "".join(f"<td>{text}</td>" for text in texts) + "</tr>\n"


def _span(one: Mistake, span: Span | None) -> str:
    """Return what an entity is and which words; of a text its class."""
    if span is None:
        return "nothing"
    kind, first, last = span
    words = "" if one.kind == "wrong class" else f": {' '.join(one.words[first : last + 1])}"
    return escape(kind + words)


def _words(one: Mistake) -> str:
    """Return the words with the entities marked; of a long text those around them."""
    if one.kind == "wrong class":
        shown = " ".join(one.words[: 3 * AROUND])
        return f"<bdi>{escape(shown)}{' …' if len(one.words) > 3 * AROUND else ''}</bdi>"
    spans = [span for span in (one.gold, one.predicted) if span]
    start = max(0, min(span[1] for span in spans) - AROUND)
    end = min(len(one.words), max(span[2] for span in spans) + 1 + AROUND)
    words = [_marked(one, place) for place in range(start, end)]
    return f"<bdi>{'… ' * (start > 0)}{' '.join(words)}{' …' * (end < len(one.words))}</bdi>"


def _marked(one: Mistake, place: int) -> str:
    """Return a word, underlined where it is of the gold's entity and shaded where of the predicted one."""
    word = escape(one.words[place])
    if one.gold and one.gold[1] <= place <= one.gold[2]:
        word = f"<u>{word}</u>"
    if one.predicted and one.predicted[1] <= place <= one.predicted[2]:
        word = f"<mark>{word}</mark>"
    return word
