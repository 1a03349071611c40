"""The titles of tables and figure, made of facts: whose data, which encoder. A label of one's own precedes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from metaxl.downloads.registry import find_corpus
from metaxl.experiment.cell import NO_SOURCE
from metaxl.experiment.config import Config
from metaxl.experiment.grid import Entry, Table
from metaxl.reporting.paper import language_name, load_paper
from metaxl.tasks import NER

NAMED = 4  # targets that a title names before it counts them
LISTED = 3  # what a note names before it counts the rest
DIGITS = 8  # of a commit or a hash
HASH = 40  # digits of a whole commit


def heading(config: Config, table: Table, weights: dict[str, str]) -> str:
    """Return number and title; a table of data that are not the paper's has no number of the paper's."""
    title = table_title(config, table, weights)
    return title if own_experiment(config, table) else f"Table {table.number}: {title}"


def table_title(config: Config, table: Table, weights: dict[str, str]) -> str:
    """Return a table's caption, and its data and encoder in brackets."""
    caption = table.caption
    if own_experiment(config, table) and table.number != 5:
        (task,) = {entry.task for entry in table.entries()}
        names = _names(config, task, table)
        caption = f"Transfer to {', '.join(names) if len(names) <= NAMED else f'{len(names)} languages'}: {caption}"
    return f"{caption} ({made_of(config, table.entries(), weights)})"


def own_experiment(config: Config, table: Table) -> bool:
    """Tell whether a table shows a target that the paper's does not, or a language of the user's own files."""
    languages = {(entry.task, code) for entry in table.entries() for code in (*entry.targets, *entry.sources)}
    foreign = any(not set(entry.targets) <= load_paper().targets(entry.task) for entry in table.entries())
    return foreign or any(config.own_data(*language) for language in languages)


def made_of(config: Config, entries: Iterable[Entry], weights: dict[str, str]) -> str:
    """Return the label and what the numbers of entries come from: corpora and encoder, of each task where they differ.

    Args:
        config: the configuration.
        entries: of a table or figure.
        weights: the SHA-256 of each encoder's weights.
    """
    of_task: dict[str, list[Entry]] = {}
    for entry in entries:
        of_task.setdefault(entry.task, []).append(entry)
    data = {task: _data(config, task, found) for task, found in of_task.items()}
    encoders = {task: _encoders(config, found, weights) for task, found in of_task.items()}
    if len(set(encoders.values())) > 1:
        facts = [f"{short_name(task)}: {data[task]}, {encoders[task]}" for task in data]
    elif len(set(data.values())) > 1:
        facts = [*(f"{short_name(task)}: {found}" for task, found in data.items()), *set(encoders.values())]
    else:
        facts = [*set(data.values()), *set(encoders.values())]
    return "; ".join(filter(None, (plain(config.label), *facts)))


def short_name(task: str) -> str:
    """Return a task's name within a sentence."""
    return "NER" if task == NER.name else task


def listed(items: Sequence[str], mark: str = ",") -> str:
    """Return the first items and how many more there are."""
    more = f" and {len(items) - LISTED} more" if len(items) > LISTED else ""
    return f"{f'{mark} '.join(items[:LISTED])}{more}"


def plain(text: str) -> str:
    """Return text as one line without characters that cannot be seen."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def _data(config: Config, task: str, entries: list[Entry]) -> str:
    targets = _corpora(config, task, (code for entry in entries for code in entry.targets))
    sources = _corpora(config, task, (code for entry in entries for code in entry.sources if code != NO_SOURCE))
    return targets if sources in (targets, "") else f"{targets}, sources: {sources}"


def _encoders(config: Config, entries: list[Entry], weights: dict[str, str]) -> str:
    names = dict.fromkeys(entry.encoder for entry in entries)
    return f"encoder: {', '.join(encoder_title(config, name, weights) for name in names)}"


def _corpora(config: Config, task: str, codes: Iterable[str]) -> str:
    """Return the titles of the corpora of some languages, own files by their names."""
    titles: dict[str, None] = {}
    own: dict[str, None] = {}
    for code in dict.fromkeys(codes):
        if data := config.own_data(task, code):
            own[plain(Path(data.path).name or data.path)] = None
        else:
            titles[corpus_title(config, task, code)] = None
    return " and ".join([*titles, *([f"own files ({', '.join(own)})"] if own else [])])


def corpus_title(config: Config, task: str, code: str) -> str:
    """Return what a language's data are called."""
    if data := config.own_data(task, code):
        return f"own files ({plain(Path(data.path).name or data.path)})"
    corpus = config.corpus(task, code)
    return "synthetic languages" if corpus == "synthetic" else find_corpus(corpus).citation.title


def encoder_title(config: Config, encoder: str, weights: dict[str, str]) -> str:
    """Return what an encoder is: an id with its commit, a folder with the hash of its weights, or made here."""
    spec = config.encoders[encoder]
    if "hub" in spec:
        revision = spec["revision"]
        return f"{spec['hub']}@{revision[:DIGITS] if len(revision) == HASH else revision}"
    if "folder" in spec:
        name = plain(Path(spec["folder"]).name or spec["folder"])
        return f"{name} (own folder, weights {weights[encoder][:DIGITS]})"
    return f"{encoder}, pre-trained here"


def _names(config: Config, task: str, table: Table) -> list[str]:
    codes = dict.fromkeys(code for entry in table.entries() for code in entry.targets)
    return [language_name(config, task, code) or code for code in codes]
