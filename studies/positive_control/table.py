"""Write the tables of docs/method.md from the measured trials, between their marks. No number there is typed."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev

from tabulate import tabulate

from studies.positive_control.grid import BASELINES, FROZEN, L2, METAXL, SPLITS, Settings, frozen_of, remedies_of
from studies.positive_control.places import RUNGS
from studies.positive_control.trial import Row, Trial

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results")
PAGE = ROOT / "docs" / "method.md"
NAMES = {
    "world": "the small world: 1 layer, no dropout",
    "world-2-layers": "2 layers, dropout 0.1",
    "world-4-layers": "4 layers, dropout 0.1",
    "demo": "the demo's encoder and languages (qu, mi)",
    "real": "multilingual-e5-small, Luganda from English",
}
OF_BASELINES = ("target only", "JT, labels right", "JT", "frozen RTN")
IDENTITY = ("target", "seed")  # what trials of one setting differ in
Trials = list[Row]


def read() -> Trials:
    """Return all measured trials."""
    rows: Trials = []
    for path in sorted(RESULTS.glob("*.csv")):
        with path.open(newline="") as file:
            rows += csv.DictReader(file)
    return rows


def chosen(rows: Iterable[Row], rung: str, settings: Settings) -> Trials:
    """Return a rung's trials of exactly these settings, in the order of languages and seeds."""
    wanted = Trial(rung=rung, target="", seed=0, **settings).row()
    found = [row for row in rows if all(row[name] == wanted[name] for name in wanted if name not in IDENTITY)]
    return sorted(found, key=lambda row: (row["target"], int(row["seed"])))


def scores(rows: Trials, column: str = "test_f1") -> str:
    """Return mean ± standard deviation over trials, in points of F1; a dash where there is none."""
    return spread([float(row[column]) for row in rows])


def spread(values: Sequence[float]) -> str:
    """Return the mean, with the standard deviation where there are several values."""
    if not values:
        return "–"
    return f"{fmean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def grid(rows: Trials) -> str:
    """Return test F1 in the small world by phi's rate, L2 and split of the target; a dash where seeds are missing."""
    columns = [{"target_split": split, "meta_weight_decay": l2} for split in SPLITS for l2 in (0.0, L2)]
    rates = sorted({float(row["meta_learning_rate"]) for row in rows if row["method"] == "metaxl"})
    found = [[chosen(rows, "world", METAXL | one | {"meta_learning_rate": rate}) for one in columns] for rate in rates]
    most = max((len(trials) for line in found for trials in line), default=0)
    frozen = [scores(chosen(rows, "world", FROZEN | {"target_split": one["target_split"]})) for one in columns]
    body = [
        [f"{rate:g}", *(scores(trials if len(trials) == most else []) for trials in line)]
        for rate, line in zip(rates, found, strict=True)
        if any(len(trials) == most for trials in line)
    ]
    head = [f"{one['target_split']}, {'L2' if one['meta_weight_decay'] else 'no L2'}" for one in columns]
    return _markdown([["frozen", *frozen], *body], ["phi's rate", *head])


def baselines(rows: Trials) -> str:
    """Return what harm the exchanged labels do on each rung, and how many trials there are of each."""
    body = []
    for rung in RUNGS:
        found = [chosen(rows, rung, settings) for settings in (*BASELINES, FROZEN)]
        if any(found):
            body.append([NAMES[rung], *(scores(trials) for trials in found), str(max(map(len, found)))])
    return _markdown(body, ["rung", *OF_BASELINES, "trials"])


def ladder(rows: Trials) -> str:
    """Return, for each rung and remedy, MetaXL at the rate that is best on dev, beside its frozen RTN."""
    body = [line for rung in RUNGS for labels in ("exchanged", "right") for line in _remedies(rows, rung, labels)]
    head = ["rung", "labels", "settings", "phi's rate, by dev", "MetaXL", "frozen RTN", "difference", "wins"]
    return _markdown(body, head)


def _remedies(rows: Trials, rung: str, labels: str) -> list[list[str]]:
    lines: list[list[str]] = []
    for remedy in remedies_of(rung):
        settings = remedy | {"labels": labels}
        rates = sorted({float(row["meta_learning_rate"]) for row in rows if row["rung"] == rung})
        tried = {rate: chosen(rows, rung, METAXL | settings | {"meta_learning_rate": rate}) for rate in rates if rate}
        most = max(map(len, tried.values()), default=0)
        whole = {rate: trials for rate, trials in tried.items() if len(trials) == most}
        frozen = chosen(rows, rung, frozen_of(settings))
        if not most or not frozen:
            continue
        rate = max(whole, key=lambda one: fmean(float(row["dev_f1"]) for row in whole[one]))
        gains = differences(whole[rate], frozen)
        lines.append(
            [
                "" if lines else NAMES[rung],
                labels,
                told(remedy),
                f"{rate:g} (of {len(whole)})",
                scores(whole[rate]),
                scores(frozen),
                f"{'+' if fmean(gains) > 0 else ''}{spread(gains)}" if gains else "–",
                f"{sum(gain > 0 for gain in gains)} of {len(gains)}",
            ]
        )
    return lines


def differences(rows: Trials, others: Trials) -> list[float]:
    """Return the differences of test F1 between trials of the same language and seed."""
    other = {tuple(row[name] for name in IDENTITY): float(row["test_f1"]) for row in others}
    keys = [tuple(row[name] for name in IDENTITY) for row in rows]
    return [float(row["test_f1"]) - other[key] for row, key in zip(rows, keys, strict=True) if key in other]


def told(remedy: Settings) -> str:
    """Return settings as the configuration has them."""
    return ", ".join(f"`{name}: {value}`" for name, value in remedy.items()) or "as the paper, no L2"


TABLES: dict[str, Callable[[Trials], str]] = {"grid": grid, "baselines": baselines, "ladder": ladder}


def page(text: str, rows: Trials) -> str:
    """Return a page with its tables made anew."""
    marks = re.compile(r"(<!-- positive control: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}{TABLES[found[2]](rows)}\n{found[3]}", text)


def _markdown(body: list[list[str]], head: list[str]) -> str:
    return tabulate(body, head, tablefmt="github", disable_numparse=True)


def main() -> None:
    """Write the tables."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), read()), encoding="utf-8")


if __name__ == "__main__":
    main()
