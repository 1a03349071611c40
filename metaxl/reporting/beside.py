"""Whether the paper's numbers may stand beside ours: like beside like, or the reason why they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config, default_switches
from metaxl.experiment.grid import Entry, Table
from metaxl.experiment.slug import parse_slug
from metaxl.reporting.paper import load_paper
from metaxl.tasks import find_task

POSITIVE = "positive"  # the class whose F1 the paper reports
SENTIPERS = "resolve"  # what becomes of the entries without a label where SentiPers is the paper's


def paper_number(config: Config, table: int, column: str, entry: Entry) -> float | None:
    """Return the paper's number for one place where the configuration asks for it and all is as in the paper."""
    wished = config.paper_numbers == "beside" and not any(unlike(config, [entry]))
    return load_paper().number(table, column, entry) if wished else None


def paper_note(config: Config, table: Table) -> str:
    """Return what a reader must know of the paper's numbers, or why some or all are left out; nothing if unasked."""
    if config.paper_numbers != "beside":
        return ""
    places = [(column, entry) for row in table.rows for column, entry in row.entries.items() if entry]
    known = [place for place in places if load_paper().number(table.number, *place) is not None]
    shown = [place for place in known if paper_number(config, table.number, *place) is not None]
    why = "; ".join(unlike(config, [entry for _, entry in known if any(unlike(config, [entry]))]))
    told = [f"In brackets: the paper's number, where it has one. {load_paper().note(table.number)}".rstrip()]
    left_out = f"The paper's {'other ' if shown else ''}numbers are left out: {why}." if why else ""
    if not known:
        left_out = "The paper has no numbers of these targets, sources and placements."
    return " ".join(filter(None, [*(told if shown else []), left_out]))


def paper_of_figure(config: Config, shown: Cell) -> tuple[dict[str, Any] | None, str]:
    """Return the paper's numbers of Figure 1, or the reason why they are left out; neither where nobody asks."""
    numbers = load_paper().of_figure(shown) if config.paper_numbers == "beside" else None
    if numbers is None:
        return None, ""
    entry = Entry(shown.encoder, shown.task, (shown.target,), (shown.source,), shown.method)
    why = "; ".join(unlike(config, [entry], encoder=load_paper().figure["hub"]))
    return (None, f"The paper's numbers are left out: {why}.") if why else (numbers, "")


def unlike(config: Config, entries: Sequence[Entry], encoder: str = "") -> Iterator[str]:
    """Yield every fact in which entries differ from what the paper measured, each once.

    Args:
        config: the configuration.
        entries: of a table.
        encoder: the paper's, as an id of the hub; by default that of its tables.
    """
    for task in dict.fromkeys(entry.task for entry in entries):
        own = [entry for entry in entries if entry.task == task]
        setting, settings = load_paper().setting[task], config.task(task)
        theirs = encoder or setting["encoder"]
        if any(config.encoders[entry.encoder].get("hub") != theirs for entry in own):
            yield f"encoder other than {theirs}"
        size, sources = settings.source_size, {source for entry in own for source in entry.sources} - {NO_SOURCE}
        if sources and size != setting["source_size"]:
            yield f"source size {size:,} instead of {setting['source_size']:,}"
        yield from _other_data(config, task, [code for entry in own for code in (*entry.targets, *entry.sources)])
        if settings.labels:
            yield f"labels mapped ({', '.join(f'{old} to {new}' for old, new in settings.labels.items())})"
        if settings.positive != POSITIVE and not find_task(task).has_words:
            yield f"F1 of {settings.positive} instead of {POSITIVE}"
        for name, value in _other_switches(config, own):
            yield f"method.{name}: {value}"


def _other_data(config: Config, task: str, codes: Sequence[str]) -> Iterator[str]:
    """Yield the languages whose data, or whose splits, are not the paper's."""
    corpora = load_paper().setting[task]["corpus"]
    others: dict[str, list[str]] = {}
    for code in dict.fromkeys(code for code in codes if code != NO_SOURCE):
        theirs = corpora if isinstance(corpora, str) else corpora.get(code, "the paper's corpus")
        if (ours := config.corpus(task, code)) != theirs:
            others.setdefault(theirs, []).append(code)
        elif ours == "sentipers" and config.sentipers != SENTIPERS:
            yield f"sentipers: {config.sentipers} instead of {SENTIPERS}"
    for theirs, languages in others.items():
        yield f"data of {', '.join(languages)} not from {theirs}"


def _other_switches(config: Config, entries: Sequence[Entry]) -> Iterator[tuple[str, object]]:
    """Yield the switches that the entries' methods read and that are not as the paper's Algorithm 1 has them."""
    read = frozenset().union(*(parse_slug(entry.method).method.reads for entry in entries))
    usual = asdict(default_switches())
    for name, value in asdict(config.method).items():
        if name in read and value != usual[name]:
            yield name, value
