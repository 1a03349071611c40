"""An experiment of named entities whose records are made up, as its plan expects them: no training, any size.

Every cell of a target gets the same sentences. A cell is right about some of them, and about each other one it is wrong
in one of a few ways, as real models are, which mostly agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import table_cells, tables, trained_cells
from metaxl.files import sha256_file, sha256_text
from metaxl.planning.evidence import report_facts, table_facts
from metaxl.planning.plan import Plan
from metaxl.reporting.expected import Expected
from metaxl.tasks import NER, SCORED_SPLITS, LabelSet, Scores, entity_spans

WEIGHTS = "0123456789abcdef" * 4
RIGHT = 0.6  # of a model's sentences
EPOCHS, BEST = 5, 3
EVERY = 0.7  # of the sentences that all models are right about, or wrong in the same way
FACTS = {"examples": 100, "labels": {"B-PER": 90, "O": 510}, "entities": {"PER": 90}, "notes": []}
ENCODED = {"words": 600, "words_lost": 0, "notes": []}
Tags = list[str]


@dataclass(frozen=True)
class Split:
    """The made-up sentences of one split of a language.

    Attributes:
        gold: the tags of each sentence.
        lines: (sentences, ways) of predictions.jsonl: the right way first.
        counts: (sentences, ways, types, 3) true positives, predicted and gold entities.
        strict: (sentences, ways, 3) the same of all types, where entities must begin with B-.
        luck: (sentences,) of the draws that decide a sentence for every model alike.
    """

    gold: list[Tags]
    lines: list[list[str]]
    counts: NDArray[np.int64]
    strict: NDArray[np.int64]
    luck: NDArray[np.float64]

    @classmethod
    def draw(cls, name: str, labels: LabelSet, count: int, draw: Random) -> Split:
        """Make up sentences with one or two entities."""
        kinds = NER.kinds(labels)
        made = [[[*tags], *_wrong_ways(tags, kinds)] for tags in (_sentence(kinds, draw) for _ in range(count))]
        lines = [[_line(name, number, ways[0], guess) for guess in ways] for number, ways in enumerate(made)]
        counts, strict = (
            np.array([[_counted(ways[0], guess, kinds, strict) for guess in ways] for ways in made])
            for strict in (False, True)
        )
        luck = np.array([draw.random() for _ in range(count)])
        return cls([ways[0] for ways in made], lines, counts, strict.sum(axis=2), luck)

    def predicted(self, draw: np.random.Generator) -> NDArray[np.int64]:
        """Return which way (sentences,) one model takes."""
        luck = np.where(draw.random(len(self.luck)) < EVERY, self.luck, draw.random(len(self.luck)))
        wrong = 1 + (luck - RIGHT) / (1 - RIGHT) * (self.counts.shape[1] - 1)
        return np.where(luck < RIGHT, 0, wrong).astype(np.int64)

    def scores(self, ways: NDArray[np.int64], kinds: tuple[str, ...]) -> dict[str, Any]:
        """Return the scores of a model that takes these ways."""
        totals = self.counts[np.arange(len(ways)), ways].sum(axis=0)
        by_type: dict[str, Scores] = {}
        for kind, counts in zip(kinds, totals, strict=True):
            by_type[kind] = _prf(counts) | {"support": int(counts[2])}
        strict = self.strict[np.arange(len(ways)), ways].sum(axis=0)
        return _prf(totals.sum(axis=0)) | {"strict_f1": _prf(strict)["f1"], "by_type": by_type}


def _sentence(kinds: tuple[str, ...], draw: Random) -> Tags:
    """Return tags with one entity of one to three words, or two."""
    tags: Tags = []
    for _ in range(draw.choice((1, 1, 2))):
        kind = draw.choice(kinds)
        tags += ["O"] * draw.randint(0, 9) + [f"B-{kind}"] + [f"I-{kind}"] * draw.randint(0, 2)
    return tags + ["O"] * draw.randint(4, 9)


def _wrong_ways(gold: Tags, kinds: tuple[str, ...]) -> Iterator[Tags]:
    """Yield what models make of a sentence: an entity missed, of another type, cut off, or found where none is."""
    kind, begin, end = entity_spans(gold, strict=False)[0]
    other = kinds[(kinds.index(kind) + 1) % len(kinds)]
    before, after, length = gold[:begin], gold[end + 1 :], end + 1 - begin
    yield [*before, *["O"] * length, *after]
    yield [*before, f"B-{other}", *[f"I-{other}"] * (length - 1), *after]
    yield [*before, *["O"] * length, f"I-{kind}", *after[1:]]  # seqeval's default counts it, its strict mode does not
    yield [*gold[:-1], f"B-{other}"]


def _line(split: str, number: int, gold: Tags, guess: Tags) -> str:
    words = [f"w{(7 * number + place) % 997}" for place in range(len(gold))]
    line = {"split": split, "id": f"s{number}", "tokens": words, "gold": gold, "predicted": guess}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _counted(gold: Tags, guess: Tags, kinds: tuple[str, ...], strict: bool) -> list[list[int]]:
    true, found = (set(entity_spans(tags, strict)) for tags in (gold, guess))
    return [[sum(span[0] == kind for span in spans) for spans in (true & found, found, true)] for kind in kinds]


def _prf(counts: NDArray[np.int64]) -> Scores:
    """Return precision, recall and F1 of true positives, predicted and gold entities; None where there is nothing."""
    right, found, true = map(int, counts)
    if not true:
        return {"precision": None, "recall": None, "f1": None}
    precision, recall = right / found if found else 0.0, right / true
    return {"precision": precision, "recall": recall, "f1": 2 * right / (found + true)}


@dataclass(frozen=True)
class MadeUp:
    """The made-up results of a plan of named entities, beneath the working folder.

    Attributes:
        plan: of the experiment.
        sentences: of each split.
    """

    plan: Plan
    sentences: dict[str, int]

    def write(self) -> None:
        """Write what gathering, tables and evidence read: the cells' records, data as encoded, facts, what is asked."""
        plan = self.plan
        for part in ("config", "asked/cells", "asked/labels"):
            _write(plan.path(layout.WRITTEN, part=part), plan.content(part))
        for encoder in plan.config.encoders:
            _write(plan.path(layout.CHECKSUMS, encoder=encoder), json.dumps({"model.safetensors": WEIGHTS}))
        for table in tables(plan.config):
            for path in [*table_facts(plan, table.number), *report_facts(plan)]:
                if path.name.endswith(".facts.json"):
                    _write(path, json.dumps(ENCODED if "/encoded/" in str(path) else FACTS))
        by_target: dict[str, list[Cell]] = {}
        for cell in self.cells():
            by_target.setdefault(cell.target, []).append(cell)
        for target, cells in by_target.items():
            self._write_target(target, cells)

    def cells(self) -> list[Cell]:
        """Return the cells of all tables."""
        shown = (cell for table in tables(self.plan.config) for cell in table_cells(self.plan.config, table))
        return trained_cells(self.plan.config, shown)

    def _write_target(self, target: str, cells: list[Cell]) -> None:
        labels = self.plan.labels(NER.name)
        draw = Random(target)
        splits = {name: Split.draw(name, labels, self.sentences[name], draw) for name in SCORED_SPLITS}
        digests: dict[Path, str] = {}
        for cell in cells:
            expected = Expected.from_dict(self.plan.expected(cell), "refuse")
            for role, path in expected.files.items():
                if path not in digests:
                    _write_encoded(path, splits[role].gold if role in splits else [], labels)
                    digests[path] = sha256_file(path)
            self._write_cell(expected, splits, {role: digests[path] for role, path in expected.files.items()})

    def _write_cell(self, expected: Expected, splits: dict[str, Split], data: dict[str, str]) -> None:
        spec, labels = expected.spec, expected.spec.labels
        folder = layout.root(self.plan.config.name) / spec.cell.path
        draw = np.random.default_rng(int(sha256_text(spec.cell.path)[:8], 16))
        ways = {name: split.predicted(draw) for name, split in splits.items()}
        lines = [of[way] for name, split in splits.items() for of, way in zip(split.lines, ways[name], strict=True)]
        scores = {name: split.scores(ways[name], NER.kinds(labels)) for name, split in splits.items()}
        made_of = {"spec": sha256_text(spec.to_json()), "settings": spec.settings(), "encoder": WEIGHTS}
        made_of |= {"data": data, "code": expected.codes[0]}
        record: dict[str, Any] = {"cell": asdict(spec.cell), "best": {"epoch": BEST, "chosen_by": "dev", **scores}}
        record |= {"last": {"epoch": EPOCHS, **scores}, "provenance": made_of, "resources": {"seconds": 100.0}}
        record |= {"steps": 100 * EPOCHS, "last_fall": 0.0}
        _write(folder / layout.PREDICTIONS, "".join(lines))
        _write(folder / layout.HISTORY, "".join(_history(scores["dev"])))
        _write(folder / layout.SCORES, json.dumps(record, indent=2))


def _history(dev: Scores) -> Iterator[str]:
    """Yield the epochs' lines: the loss does not fall after the first, and the best and the last are alike."""
    for epoch in range(1, EPOCHS + 1):
        found = {f"dev_{name}": dev[name] if epoch in (BEST, EPOCHS) else 0.0 for name in NER.metrics}
        yield json.dumps({"epoch": epoch, "steps": 100 * epoch, "loss": 2.0 if epoch == 1 else 1.0, **found}) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_encoded(path: Path, gold: list[Tags], labels: LabelSet) -> None:
    """Write an encoded file, of which no more is read than names, gold and how many subwords there are."""
    index = {label: number for number, label in enumerate(labels.classes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    starts = np.cumsum([0, *map(len, gold)])
    numbers = np.array([index[label] for tags in gold for label in tags], dtype=np.int64)
    names = np.array([f"s{number}" for number in range(len(gold))], dtype=np.str_)
    np.savez(path, names=names, gold=numbers, word_starts=starts, starts=starts)
