"""Choose the rates and the number of steps on two languages that are no targets, by their dev sets alone.

    python -m studies.masakhaner.pilot prepare FOLDER     encode train and dev, write what to train
    python -m studies.masakhaner.pilot run FOLDER         train stage by stage, each with what the one before chose
    python -m studies.masakhaner.pilot table FOLDER       write results/pilot.csv; FOLDER may be the one here, pilot/

The test role of these cells is played by the dev sentences: the test sentences are never encoded.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import fmean

from metaxl.experiment.spec import CellSpec
from studies.masakhaner.choice import (
    COLLAPSED,
    EPOCHS,
    LANGUAGES,
    SEEDS,
    SETTLED,
    Seen,
    Setting,
    best,
    chosen,
    first_stage,
    second_stage,
    third_stage,
)
from studies.masakhaner.pool import Job, Pool

RESULTS = Path(__file__).parent / "results"
ROLES = {"train": "train", "dev": "dev", "test": "dev"}


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


def every_setting(folder: Path, settled: Setting) -> list[Seen]:
    """Return all that was trained, stage by stage; `settled` is what the stages before the last chose."""
    prepared = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    settings = [*first_stage(), *second_stage(replace(settled, epochs=EPOCHS[1])), *third_stage(settled)]
    return [found for one in settings if (found := _look(folder, prepared, one))]


def jobs_of(folder: Path, prepared: dict[str, str], setting: Setting) -> list[Job]:
    """Return the runs of a setting; `prepared` is what base.json holds."""
    return [_job(folder, prepared, setting, language, seed) for language in LANGUAGES for seed in SEEDS[setting.stage]]


def _job(folder: Path, prepared: dict[str, str], setting: Setting, language: str, seed: int) -> Job:
    base = CellSpec.from_dict(json.loads(prepared[setting.method]))
    data = {role: str(folder / language / f"{split}.npz") for role, split in ROLES.items()}
    spec = setting.spec(base, language, seed).to_json()
    return Job(spec, prepared["encoder"], data | {"source": str(folder / "source.npz")}, str(folder))


def _look(folder: Path, prepared: dict[str, str], setting: Setting) -> Seen | None:
    """Return how a setting fared, or None where no run of it is done."""
    jobs = jobs_of(folder, prepared, setting)
    every = [(job.parsed().cell.target, _dev(job.out / "history.jsonl")) for job in jobs]
    runs = [(language, run) for language, run in every if len(run) == setting.epochs]
    if not runs:
        return None
    last, highest = [run[-1] for _, run in runs], [max(run) for _, run in runs]
    collapsed = any(end < COLLAPSED * top or not top for end, top in zip(last, highest, strict=True))
    languages = tuple(dict.fromkeys(language for language, _ in runs))
    return Seen(setting, fmean(last), fmean(highest), len(runs), languages, len(runs) == len(jobs), collapsed)


def _dev(history: Path) -> list[float]:
    """Return the dev F1 of each epoch so far in percent."""
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
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
    """Write what the settings reached."""
    seen = every_setting(folder, SETTLED)
    RESULTS.mkdir(exist_ok=True)
    names = [field.name for field in fields(Setting)]
    with (RESULTS / "pilot.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "last_dev_f1", "best_dev_f1", "runs", "languages", "whole", "collapsed"])
        for one in seen:
            told = ["yes" if value else "no" for value in (one.whole, one.collapsed)]
            scores = (f"{one.last:.2f}", f"{one.best:.2f}", one.runs, " ".join(one.languages), *told)
            writer.writerow([*asdict(one.setting).values(), *scores])


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
