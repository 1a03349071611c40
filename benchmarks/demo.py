"""How hard the demo's reviews are: target-only, joint training and a ceiling over several seeds.

`python -m benchmarks.demo` trains them, writes benchmarks/results/demo-sentiment.csv, and puts the table into
docs/synthetic-languages.md, between its marks. MetaXL is not among them: the reviews were tuned without it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import torch
from tabulate import tabulate

from benchmarks.table import RESULTS
from metaxl.data.draw import draw_source
from metaxl.data.encode import encode, load_tokenizer
from metaxl.data.formats.records import Record
from metaxl.data.read import read_split
from metaxl.encoder.prepare import prepare_encoder
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.load import effective_config, load_config, read_configuration
from metaxl.experiment.neutral import cell_spec
from metaxl.files import read_json
from metaxl.planning.encoders import EncoderPlan
from metaxl.tasks import SENTIMENT, SPLITS
from metaxl.training.train import train_cell

TASK = SENTIMENT.name
LANGUAGES = ("te", "fa")
SEEDS = (11, 12, 13, 14)
CEILING_SIZE, CEILING_EPOCHS = 2000, 6  # target examples, and passes over them
BASELINE, TARGET, JOINT, CEILING = "always positive", "target only", "joint training", "ceiling"
ROWS = (BASELINE, TARGET, JOINT, CEILING)
TABLE = Path(__file__).parent.parent / "docs" / "synthetic-languages.md"
Scores = dict[tuple[str, str], list[float]]  # percent F1 of test, one a seed, by language and row


@dataclass(frozen=True, slots=True)
class Trial:
    """The demo's sentiment cells, trained in a folder of their own."""

    config: Config
    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> Trial:
        """Make the demo's encoder and its encoded reviews."""
        trial = cls(load_config(effective_config(read_configuration("demo", []))), folder)
        encoder = trial.config.task(TASK).encoder
        prepare_encoder(EncoderPlan(trial.config).spec(encoder), folder / "encoder")
        for language in LANGUAGES:
            for split in SPLITS:
                trial.encode(f"{language}-{split}", trial.read(language, split, trial.config.synthetic["target_size"]))
            trial.encode(f"{language}-ceiling", trial.read(language, "train", CEILING_SIZE))
        pool = trial.read(trial.source, "train", trial.config.synthetic["source_pool"])
        size, seed = trial.config.task(TASK).source_size, trial.config.data_seed
        trial.encode(trial.source, draw_source("hash", pool, size, seed, trial.source))
        return trial

    @property
    def source(self) -> str:
        """Return the source language."""
        return self.config.task(TASK).source

    def read(self, language: str, split: str, size: int) -> list[Record]:
        """Return reviews of the demo's world."""
        return read_split("synthetic", TASK, language, split, Path(), size=size, seed=self.config.data_seed)

    def encode(self, name: str, records: Sequence[Record]) -> None:
        """Write encoded reviews; those of dev and test may be as long as in the evaluation."""
        training, labels = self.config.task(TASK).training, SENTIMENT.label_set(SENTIMENT.usual)
        length = training.eval_max_length if name.endswith(("dev", "test")) else training.max_length
        tokenizer = load_tokenizer(self.folder / "encoder", TASK)
        encode(tokenizer, TASK, records, length, labels.classes).save(self.folder / f"{name}.npz")

    def baseline(self, language: str) -> float:
        """Return the F1 in percent of answering "positive" always: 2p / (1 + p), where p is the share of positives."""
        labels = [row["label"] for row in self.read(language, "test", self.config.synthetic["target_size"])]
        share = labels.count("positive") / len(labels)
        return 200 * share / (1 + share)

    def train(self, language: str, row: str, seed: int) -> float:
        """Train one cell and return its F1 on test in percent."""
        joint = row == JOINT
        address = (self.source, "joint") if joint else (NO_SOURCE, "target")
        cell = Cell(self.config.task(TASK).encoder, TASK, language, *address, seed)
        spec = cell_spec(self.config, cell, SENTIMENT.label_set(SENTIMENT.usual))
        if row == CEILING:
            spec = replace(spec, training=replace(spec.training, target_epochs=CEILING_EPOCHS))
        files = {split: self.folder / f"{language}-{split}.npz" for split in SPLITS}
        files |= {"source": self.folder / f"{self.source}.npz"} if joint else {}
        files |= {"train": self.folder / f"{language}-ceiling.npz"} if row == CEILING else {}
        out = self.folder / f"{language}-{row}-{seed}"
        train_cell(spec, self.folder / "encoder", files, out, torch.device("cpu"), out.with_name(f"{out.name}-work"))
        return 100 * float(read_json(out / "scores.json")["best"]["test"]["f1"])


def measure(folder: Path, seeds: Sequence[int]) -> Scores:
    """Train every row of both languages with each seed."""
    trial = Trial.prepare(folder)
    found: Scores = {(language, BASELINE): [trial.baseline(language)] * len(seeds) for language in LANGUAGES}
    for language in LANGUAGES:
        for row in ROWS[1:]:
            found[language, row] = [trial.train(language, row, seed) for seed in seeds]
    return found


def table(scores: Scores) -> str:
    """Return mean ± standard deviation over the seeds in Markdown."""
    cells = [[row, *(_spread(scores[language, row]) for language in LANGUAGES)] for row in ROWS]
    return tabulate(cells, ["", *LANGUAGES], tablefmt="github", disable_numparse=True)


def _spread(values: list[float]) -> str:
    spread = stdev(values)
    return f"{mean(values):.1f} ± {spread:.1f}" if spread else f"{mean(values):.1f}"


def lines(scores: Scores, seeds: Sequence[int]) -> Iterator[dict[str, object]]:
    """Yield every score as a line of the CSV file."""
    for (language, row), values in scores.items():
        for seed, value in zip(seeds, values, strict=True):
            yield {"target": language, "row": row, "seed": seed, "f1": f"{value:.2f}"}


def main() -> None:
    """Measure, and write the scores and the table."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        scores = measure(Path(folder), SEEDS)
    with (RESULTS / "demo-sentiment.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["target", "row", "seed", "f1"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines(scores, SEEDS))
    marks = re.compile(r"(<!-- reviews -->\n).*?(\n<!-- end -->)", re.DOTALL)
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(marks.sub(lambda found: found[1] + table(scores) + found[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
