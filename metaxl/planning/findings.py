"""What is wrong with an experiment, all of it at once, and what is odd: as far as can be known before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from metaxl.demo.languages.atlas import LANGUAGES
from metaxl.errors import ConfigError, MetaXLError
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import RAW, root
from metaxl.planning.data import DataPlan
from metaxl.planning.encoders import EncoderPlan
from metaxl.planning.inspection import SYNTHETIC, inspect, is_here
from metaxl.planning.kinds import check_kinds, odd_kinds
from metaxl.planning.labels import label_set
from metaxl.planning.learnable import faults_of_learning, notes_of_learning
from metaxl.planning.meanings import same_language
from metaxl.planning.overlap import faults_of_overlap, notes_of_overlap
from metaxl.planning.unused import faults_of_files, faults_of_labels, notes_of_unused, unused_files
from metaxl.tasks import SPLITS

NAMED = 5  # languages that a message names before it counts the rest


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that stops an experiment.

    Attributes:
        kind: of what: "data", "labels", "sizes", "languages", "encoders", "results" or "downloads".
        text: where it is, what was expected and what to do.
    """

    kind: str
    text: str


def find_faults(config: Config) -> list[Fault]:
    """Return every fault of an experiment that can be known before it runs, each once.

    What the user brings is read by the rules' own readers, and remembered until it changes.
    """
    found = [Fault("languages", f"{text}{_unused_hint(config, text)}") for text in _languages(config)]
    whole = not found
    found += [Fault("data", text) for task in config.tasks for text in faults_of_files(config, task)]
    found += [Fault("data", text) for text in _data(config)]
    if not found:
        found += [Fault("data", text) for task in config.tasks for text in faults_of_overlap(config, task)]
        found += [Fault("labels", text) for task in config.tasks for text in _labels(config, task)]
    if whole:
        found += [Fault("sizes", text) for task in config.tasks for text in _sizes(config, task)]
    found += [Fault("encoders", text) for text in EncoderPlan(config).faults()]
    found += [Fault("results", text) for text in _results(config)]
    return list(dict.fromkeys(found))


def find_notes(config: Config) -> list[str]:
    """Return what is odd about the data of an experiment without faults but does not stop it, each once."""
    notes = [*reader_notes(config), *notes_of_unused(config)]
    for task in config.tasks:
        notes += [*notes_of_learning(config, task), *notes_of_overlap(config, task), *odd_kinds(config, task)]
    return list(dict.fromkeys(notes))


def reader_notes(config: Config) -> list[str]:
    """Return what the readers tell of the data that are here; of a cross-validated file as a whole, not by fold."""
    places: dict[tuple[str, str, str], None] = {}
    for task, corpus, code, split in DataPlan(config).splits():
        language, fold = split_code(code)
        whole = (language, SPLITS[0]) if corpus == "files" and fold else (code, split)
        places[task.name, *whole] = None
    here = [place for place in places if is_here(config, *place)]
    return [note for place in here for note in inspect(config, *place).facts.get("notes", [])]


def refuse(faults: list[Fault]) -> None:
    """Stop where there are faults.

    Raises:
        ConfigError: with all of them.
    """
    if faults:
        raise ConfigError(told(faults))


def told(faults: list[Fault]) -> str:
    """Return faults as a list under a line that counts them by kind."""
    kinds = Counter(fault.kind for fault in faults)
    counts = ", ".join(f"{count} of {kind}" for kind, count in kinds.items())
    head = f"{len(faults)} fault{'s' * (len(faults) > 1)} ({counts}):"
    return "\n".join([head, *(f"- {fault.text}" for fault in faults)])


def _languages(config: Config) -> Iterator[str]:
    """Yield what is wrong with where the languages' data come from."""
    plan = DataPlan(config)
    for task in config.tasks:
        yield from _unknown(
            task.name, [code for each, corpus, code, _ in plan.splits() if each == task and corpus == SYNTHETIC]
        )
    for task, corpus, code, _ in plan.splits():
        if corpus == SYNTHETIC:
            continue
        yield from _message(lambda task=task, code=code: plan.known_corpus(task.name, code))  # type: ignore[misc]
        if corpus == "files" and "pretrain" in config.encoders[task.encoder]:
            yield (
                f"{task.name}.encoder: {task.encoder!r} is pre-trained on synthetic languages and knows nothing of "
                f"{code!r}, whose files you bring. Name an encoder under encoders, {{hub, revision}} or {{folder}}."
            )
        own = config.files[task.name]
        meant = isinstance(task.corpus, dict) and code in task.corpus
        if corpus != "files" and not meant and (same := same_language(code, own)):
            yield (
                f"{task.name}: {code!r} would be read from the corpus {corpus!r}, while your files hold {same!r}, the "
                f"same language. Write {same}, or name the data under files.{task.name}.{code}."
            )


def _unused_hint(config: Config, text: str) -> str:
    """Return which languages under `files` nothing uses, behind what is said of a task's other languages."""
    task = text.partition(":")[0].partition(".")[0]
    unused = unused_files(config, task) if task in config.files else []
    return f" files has {', '.join(unused)}, which nothing uses." if unused else ""


def _unknown(task: str, codes: list[str]) -> Iterator[str]:
    """Yield which languages the synthetic world does not have, all in one."""
    unknown = list(dict.fromkeys(code for code in codes if code not in LANGUAGES))
    if unknown:
        shown = ", ".join(unknown[:NAMED]) + (f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else "")
        yield (
            f"{task}: {shown}: no synthetic language; there are {', '.join(LANGUAGES)}. For languages of your own name "
            f"their data under files.{task}, and an encoder that knows them."
        )


def _data(config: Config) -> Iterator[str]:
    for task, corpus, code, split in DataPlan(config).splits():
        if corpus == "files":
            yield from inspect(config, task.name, code, split).faults


def _labels(config: Config, task: TaskSettings) -> Iterator[str]:
    if too_few := list(_message(lambda: label_set(config, task.name))):
        yield from too_few
        return
    yield from faults_of_labels(config, task)
    yield from check_kinds(config, task)
    yield from faults_of_learning(config, task)


def _sizes(config: Config, task: TaskSettings) -> Iterator[str]:
    """Yield each source that has fewer examples than are to be drawn, and targets of which nothing can be drawn."""
    folded = [target.language for target in task.targets if config.folds(task.name, target.language)]
    if task.target_sizes and folded:
        yield (
            f"{task.name}.target_sizes: {', '.join(folded)} {'is' if len(folded) == 1 else 'are'} cross-validated, so "
            f"that no split of it has a size of its own; leave out target_sizes, or folds under files.{task.name}."
        )
    for code in task.sources():
        held = examples(config, task, code)
        asked = {f"{task.name}.source_size": task.source_size}
        asked |= {
            f"variants.{name}.source_size": variant.source_size
            for name, variant in config.variants.items()
            if task.name in variant.tasks
        }
        for place, size in asked.items():
            if held is not None and held < size:
                where = "synthetic.source_pool" if config.corpus(task.name, code) == SYNTHETIC else f"{code!r}"
                yield (f"{place}: {size} examples asked for, but {where} has {held}; lower source_size, or bring more.")


def examples(config: Config, task: TaskSettings, code: str) -> int | None:
    """Return how many examples there are to draw from; None where nobody knows yet."""
    if config.corpus(task.name, code) == SYNTHETIC:
        return DataPlan(config).made(task.name, code, SPLITS[0])
    if not is_here(config, task.name, code, SPLITS[0]):
        return None
    return inspect(config, task.name, code, SPLITS[0]).facts.get("examples")


def _results(config: Config) -> Iterator[str]:
    """Yield whether something that is no folder stands where results are written; its parts are told by their rules."""
    for path in (RAW.parent, root(config.name)):
        if path.is_symlink() and not path.is_dir():
            yield f"{path}: a link to {path.readlink()}, which is no folder; make that folder, or remove the link."
        elif path.exists() and not path.is_dir():
            yield f"{path}: a file, where the folder of results belongs; move it away."


def _message(act: Callable[[], object]) -> Iterator[str]:
    """Yield the message of an error of the user's."""
    try:
        act()
    except MetaXLError as error:
        yield str(error)
