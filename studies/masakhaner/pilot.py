"""Choose the rates and the number of steps on two languages that are no targets, by their dev sets alone.

    python -m studies.masakhaner.pilot prepare FOLDER     encode train and dev, write what to train
    python -m studies.masakhaner.pilot run FOLDER         train stage by stage, each with what the one before chose
    python -m studies.masakhaner.pilot table FOLDER       write results/pilot.csv and results/chosen.json

The test role of these cells is played by the dev sentences: the test sentences are never encoded.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Literal

from metaxl.experiment.spec import CellSpec
from studies.masakhaner.pool import Job, Pool

Residual = Literal["add", "keep-norm"]
LANGUAGES = ("hau", "xho")
SEEDS = {"theta": (1, 2), "length": (1, 2), "phi": (1,)}
RATES, HEAD_FACTORS = (3e-5, 1e-4, 3e-4), (1.0, 10.0)
EPOCHS = (3, 6, 12)  # 300, 600 and 1,200 steps
ENOUGH = 1.0  # F1: less than this from twice the steps does not pay
PHI_RATES: dict[Residual, tuple[float, ...]] = {"add": (1e-6, 1e-5, 1e-4, 1e-3)}
COLLAPSED = 0.5  # of the highest dev F1 of the same run: a run that ends below has come to grief
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the pilot varies.

    Attributes:
        stage: "theta", "length" or "phi".
        method: the cell's method.
        learning_rate: of theta.
        head_learning_rate: the factor of the head's rate.
        epochs: over the source's 1,000 sentences.
        residual: of the RTN.
        meta_learning_rate: of phi; 0 for the methods whose phi does not move.
    """

    stage: str
    method: str
    learning_rate: float
    head_learning_rate: float
    epochs: int
    residual: Residual = "add"
    meta_learning_rate: float = 0.0

    @property
    def name(self) -> str:
        """Return the path part of its cells."""
        parts = f"{self.learning_rate:g}-{self.head_learning_rate:g}-{self.epochs}"
        return f"{self.method}.{parts}-{self.residual}-{self.meta_learning_rate:g}"

    def spec(self, base: CellSpec, language: str, seed: int) -> CellSpec:
        """Return what a run trains; `base` is of the same method."""
        return replace(
            base,
            cell=replace(base.cell, target=language, method=self.name, seed=seed),
            training=replace(
                base.training,
                epochs=self.epochs,
                learning_rate=self.learning_rate,
                head_learning_rate=self.head_learning_rate,
                meta_learning_rate=self.meta_learning_rate,
            ),
            switches=replace(base.switches, residual=self.residual),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """How a setting fared: dev F1 in percent, in mean over languages and seeds.

    Attributes:
        setting: the setting.
        last: at the last epoch, which chooses.
        best: at the best epoch of each run.
        runs: how many runs there are.
        collapsed: whether a run ended below half of its own best.
    """

    setting: Setting
    last: float
    best: float
    runs: int
    collapsed: bool


def first_stage() -> list[Setting]:
    """Return the grid of theta's rate and of the head's factor, joint training with 600 steps."""
    return [Setting("theta", "joint", rate, factor, EPOCHS[1]) for rate in RATES for factor in HEAD_FACTORS]


def second_stage(theta: Setting) -> list[Setting]:
    """Return the chosen rates with half as many and twice as many steps."""
    return [replace(theta, stage="length", epochs=epochs) for epochs in EPOCHS if epochs != theta.epochs]


def third_stage(theta: Setting) -> list[Setting]:
    """Return the grid of phi's rate for both forms of the RTN, each beside its frozen one."""
    settings = []
    for residual, rates in PHI_RATES.items():
        kept = replace(theta, stage="phi", residual=residual)
        settings.append(replace(kept, method="metaxl-frozen-L12"))
        settings += [replace(kept, method="metaxl-L12", meta_learning_rate=rate) for rate in rates]
    return settings


def best(seen: Iterable[Seen]) -> Setting:
    """Return the setting with the highest dev F1 at the last epoch, of those without a collapsed run.

    Of equals it is the one that comes first, which has the smaller rates.
    """
    return max((one for one in seen if not one.collapsed), key=lambda one: round(one.last, 2)).setting


def enough(seen: Iterable[Seen]) -> Setting:
    """Return the shortest training that twice as many steps improve by less than ENOUGH; else the longest."""
    by_length = sorted(seen, key=lambda one: one.setting.epochs)
    for shorter, longer in pairwise(by_length):
        if longer.last - shorter.last < ENOUGH:
            return shorter.setting
    return by_length[-1].setting


def chosen(seen: Iterable[Seen]) -> dict[str, float | int]:
    """Return what the pilot chooses, as far as its stages are done."""
    every = list(seen)
    theta, length, phi = ([one for one in every if one.setting.stage == name] for name in ("theta", "length", "phi"))
    settled = enough([*length, *(one for one in theta if one.setting == best(theta))])
    values: dict[str, float | int] = {
        "learning_rate": settled.learning_rate,
        "head_learning_rate": settled.head_learning_rate,
        "epochs": settled.epochs,
    }
    for residual in PHI_RATES:
        moved = [one for one in phi if one.setting.residual == residual and one.setting.meta_learning_rate]
        if moved:
            values[f"meta_learning_rate, {residual}"] = best(moved).meta_learning_rate
    return values


def run_stages(folder: Path, pool: Pool) -> Iterator[str]:
    """Train stage by stage; yield a line for each run and for each choice."""
    prepared = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    seen: list[Seen] = []
    for stage in ("theta", "length", "phi"):
        settings = _settings_of(stage, seen)
        jobs = [job for one in settings for job in jobs_of(folder, prepared, one)]
        yield from pool.train(jobs)
        seen += [found for one in settings if (found := _look(folder, prepared, one))]
        yield f"{stage}: {chosen(seen)}"


def _settings_of(stage: str, seen: list[Seen]) -> list[Setting]:
    if stage == "theta":
        return first_stage()
    theta = [one for one in seen if one.setting.stage == "theta"]
    if stage == "length":
        return second_stage(best(theta))
    return third_stage(replace(best(theta), epochs=int(chosen(seen)["epochs"])))


def every_setting(folder: Path) -> list[Seen]:
    """Return all that was trained, stage by stage."""
    prepared = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    seen: list[Seen] = []
    for stage in ("theta", "length", "phi"):
        seen += [found for one in _settings_of(stage, seen) if (found := _look(folder, prepared, one))]
    return seen


def jobs_of(folder: Path, prepared: dict[str, str], setting: Setting) -> list[Job]:
    """Return the runs of a setting; `prepared` is what base.json holds."""
    return [_job(folder, prepared, setting, language, seed) for language in LANGUAGES for seed in SEEDS[setting.stage]]


def _job(folder: Path, prepared: dict[str, str], setting: Setting, language: str, seed: int) -> Job:
    base = CellSpec.from_dict(json.loads(prepared[setting.method]))
    data = {role: str(folder / language / f"{split}.npz") for role, split in ROLES.items()}
    spec = setting.spec(base, language, seed).to_json()
    return Job(spec, prepared["encoder"], data | {"source": str(folder / "source.npz")}, str(folder))


ROLES = {"train": "train", "dev": "dev", "test": "dev"}


def _look(folder: Path, prepared: dict[str, str], setting: Setting) -> Seen | None:
    """Return how a setting fared, or None where no run of it is done."""
    jobs = jobs_of(folder, prepared, setting)
    runs = [_dev(job.out / "history.jsonl") for job in jobs if (job.out / "scores.json").exists()]
    if not runs:
        return None
    last, highest = [run[-1] for run in runs], [max(run) for run in runs]
    collapsed = any(end < COLLAPSED * top for end, top in zip(last, highest, strict=True)) or len(runs) < len(jobs)
    return Seen(setting, fmean(last), fmean(highest), len(runs), collapsed)


def _dev(history: Path) -> list[float]:
    """Return the dev F1 of each epoch in percent."""
    lines = history.read_text(encoding="utf-8").splitlines()
    return [100 * (json.loads(line)["dev_f1"] or 0.0) for line in lines]


def prepare(folder: Path, overlays: list[Path]) -> None:
    """Encode train and dev of the pilot's languages, and write what each method trains before a setting varies it."""
    from metaxl.data.encode import encode, load_tokenizer
    from metaxl.data.formats.records import read_records
    from metaxl.experiment.cell import Cell
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.plans import Plans
    from metaxl.tasks import NER

    plan = Plans(read_configuration("masakhaner", [Path(__file__).with_name("pilot.yaml"), *overlays])).active
    encoder = plan.encoder_files("e5-small")[0].parent
    tokenizer, labels = load_tokenizer(encoder, NER.name), plan.labels(NER.name).classes
    lengths = dict(zip(("train", "dev"), plan.lengths(NER.name), strict=False))
    for language in LANGUAGES:
        for split, length in lengths.items():
            records = read_records(plan.path("data/ner/{language}/{split}.jsonl", language=language, split=split))
            encode(tokenizer, NER.name, records, length, labels).save(folder / language / f"{split}.npz")
    source = read_records(plan.path("sources/ner/en-1000.jsonl"))
    encode(tokenizer, NER.name, source, lengths["train"], labels).save(folder / "source.npz")
    cells = {
        slug: Cell("e5-small", NER.name, "hau", "en", slug, 1) for slug in ("joint", "metaxl-L12", "metaxl-frozen-L12")
    }
    prepared = {slug: plan.cell_spec(cell) for slug, cell in cells.items()} | {"encoder": str(encoder)}
    (folder / "base.json").write_text(json.dumps(prepared, indent=2) + "\n", encoding="utf-8")


def write_table(folder: Path) -> None:
    """Write what the settings reached, and what follows from it."""
    seen = every_setting(folder)
    RESULTS.mkdir(exist_ok=True)
    names = [field.name for field in fields(Setting)]
    with (RESULTS / "pilot.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "last_dev_f1", "best_dev_f1", "runs", "collapsed"])
        for one in seen:
            scores = (f"{one.last:.2f}", f"{one.best:.2f}", one.runs, "yes" if one.collapsed else "no")
            writer.writerow([*asdict(one.setting).values(), *scores])
    (RESULTS / "chosen.json").write_text(json.dumps(chosen(seen), indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Choose the rates and the number of steps on two languages that are no targets."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("step", choices=["prepare", "run", "table"])
    parser.add_argument("folder", type=Path, help="where the pilot's cells lie")
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="overlays, to prepare with")
    parser.add_argument("--workers", type=int, default=2, help="runs at once")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--minutes", type=float, default=600, help="no run begins later than this")
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.folder, given.configfile)
    elif given.step == "table":
        write_table(given.folder)
    else:
        with Pool(given.workers, given.device, 60 * given.minutes) as pool:
            for line in run_stages(given.folder, pool):
                print(line, flush=True)


if __name__ == "__main__":
    main()
