"""How hard the demo's reviews are: target-only, joint training and a ceiling over several seeds.

`python -m benchmarks.demo` trains them, writes benchmarks/results/demo-sentiment.csv, and puts the table into
docs/synthetic-languages.md, between its marks. `python -m benchmarks.demo --world 101 --seeds 21 22 23` prints the
table of another world and writes nothing. MetaXL is not among them: the reviews were tuned without it.
"""

from __future__ import annotations

import argparse
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
from metaxl.planning.data import DataPlan
from metaxl.planning.encoders import EncoderPlan
from metaxl.tasks import SENTIMENT, SPLITS
from metaxl.training.train import train_cell

TASK = SENTIMENT.name
LANGUAGES = ("te", "fa")
SEEDS = (11, 12, 13, 14)
CEILING_SIZE, CEILING_EPOCHS = 4000, 3  # target examples, and passes over them
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
    def prepare(cls, folder: Path, world: int | None = None) -> Trial:
        """Make the demo's encoder and its encoded reviews; those of another world where one is given."""
        config = load_config(effective_config(read_configuration("demo", [])))
        trial = cls(config if world is None else replace(config, data_seed=world), folder)
        encoder = trial.config.task(TASK).encoder
        prepare_encoder(EncoderPlan(trial.config).spec(encoder), folder / "encoder")
        for language in LANGUAGES:
            for split in SPLITS:
                trial.encode(f"{language}-{split}", trial.read(language, split))
            trial.encode(f"{language}-ceiling", trial.read(language, "train", CEILING_SIZE))
        pool = trial.read(trial.source, "train")
        size, seed = trial.config.task(TASK).source_size, trial.config.data_seed
        trial.encode(trial.source, draw_source("hash", pool, size, seed, trial.source))
        return trial

    @property
    def source(self) -> str:
        """Return the source language."""
        return self.config.task(TASK).source

    def read(self, language: str, split: str, size: int = 0) -> list[Record]:
        """Return reviews of the world, as many as the demo has where no size is given."""
        size = size or DataPlan(self.config).made(TASK, language, split)
        return read_split("synthetic", TASK, language, split, Path(), size=size, seed=self.config.data_seed)

    def encode(self, name: str, records: Sequence[Record]) -> None:
        """Write encoded reviews; those of dev and test may be as long as in the evaluation."""
        training, labels = self.config.task(TASK).training, SENTIMENT.label_set(SENTIMENT.usual)
        length = training.eval_max_length if name.endswith(("dev", "test")) else training.max_length
        tokenizer = load_tokenizer(self.folder / "encoder", TASK)
        encode(tokenizer, TASK, records, length, labels.classes).save(self.folder / f"{name}.npz")

    def baseline(self, language: str) -> float:
        """Return the F1 in percent of answering "positive" always: 2p / (1 + p), where p is the share of positives."""
        labels = [row["label"] for row in self.read(language, "test")]
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


def measure(folder: Path, seeds: Sequence[int], world: int | None = None) -> Scores:
    """Train every row of both languages with each seed."""
    trial = Trial.prepare(folder, world)
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


def publish(scores: Scores, seeds: Sequence[int]) -> None:
    """Write the scores into their file and the table into its page."""
    with (RESULTS / "demo-sentiment.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["target", "row", "seed", "f1"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines(scores, seeds))
    marks = re.compile(r"(<!-- reviews -->\n).*?(\n<!-- end -->)", re.DOTALL)
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(marks.sub(lambda found: found[1] + table(scores) + found[2], text), encoding="utf-8")


def main() -> None:
    """Measure; publish what was measured in the demo's own world, and print it of another one."""
    parser = argparse.ArgumentParser(description="How hard the demo's reviews are.")
    parser.add_argument("--world", type=int, help="the seed of another world, for development")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="the seeds of the trainings")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        scores = measure(Path(folder), given.seeds, given.world)
    if given.world is None:
        publish(scores, given.seeds)
    else:
        print(table(scores), *map(str, lines(scores, given.seeds)), sep="\n")


if __name__ == "__main__":
    main()
