"""The study's page, tables and pictures are those that its kept records make, and its numbers are right."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import pytest
from experiments import load, shipped
from scipy import stats

from metaxl.experiment.grid import all_cells
from metaxl.experiment.load import read_config
from metaxl.reporting.pages.write import PAGES, write_pages
from studies.masakhaner import render
from studies.masakhaner.answers import write_answers

ROOT = Path(render.__file__).parent
MADE = ("scores.csv", "evidence", "evidence.csv", "evidence.md", "evidence.json", "tables", "figures")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Return a copy of the study, made again from nothing but what is kept, with its page."""
    root = tmp_path_factory.mktemp("study")
    for name in ("cells", "data", "encoded", "encoders", "asked", "results", "config.json"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, root / name)
    write_answers(render.render(root), root, root / "results.md", root)
    return root


def test_what_is_committed_is_what_the_records_make(again):
    """To the byte: tables, evidence, pictures and the page."""
    made = [path for name in MADE for path in [again / name, *(again / name).rglob("*")] if path.is_file()]
    assert len(made) > 15
    for path in made:
        assert path.read_bytes() == (ROOT / path.relative_to(again)).read_bytes(), path.name
    for name in ("results.md", "results-steps.png"):
        assert (again / name).read_bytes() == (render.DOCS / name).read_bytes(), name
    assert (again / "figures/gain2.png").read_bytes() == (render.DOCS / "results-gain.png").read_bytes()


def by_hand(method, language):
    """Return F1 in percent from a cell's counts alone."""
    source = "none" if method == "target" else "en"
    path = ROOT / f"cells/e5-small/ner/{language}/{source}/{method}/seed11/counts.csv"
    with path.open(encoding="utf-8") as file:
        right, wrong, missed = (
            sum(map(int, column)) for column in list(zip(*list(csv.reader(file))[1:], strict=True))[1:]
        )
    return 200 * right / (2 * right + wrong + missed)


@pytest.mark.parametrize(
    ("contrast", "one", "other"),
    [
        ("joint-target", "joint", "target"),
        ("metaxl-joint", "metaxl-L12", "joint"),
        ("metaxl-frozen", "metaxl-L12", "metaxl-frozen-L12"),
    ],
)
def test_the_confirmatory_contrasts_by_hand(contrast, one, other):
    """From the counts, with nothing of the package: mean, t interval, p and wins."""
    languages = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))["ner"]["targets"]
    differences = [by_hand(one, each["language"]) - by_hand(other, each["language"]) for each in languages]
    mean, count = sum(differences) / len(differences), len(differences)
    error = math.sqrt(sum((value - mean) ** 2 for value in differences) / (count - 1) / count)
    reach = stats.t.ppf(0.975, count - 1) * error
    with (ROOT / "evidence/table2.csv").open(encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if row["of"] == "these records" and row["comparison"] == contrast]
    assert float(row["difference"]) == pytest.approx(mean, abs=1e-4)
    assert (float(row["low"]), float(row["high"])) == pytest.approx((mean - reach, mean + reach), abs=1e-4)
    assert float(row["p_value"]) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=1e-4)
    assert int(row["better"]) == sum(value > 0 for value in differences)


def test_no_word_of_the_corpus_is_kept():
    """A cell has scores, a history and counts; each line of the counts is an id and numbers."""
    for path in (ROOT / "cells").rglob("*"):
        assert path.is_dir() or path.name in ("scores.json", "history.jsonl", "counts.csv")
    for path in (ROOT / "cells").rglob("counts.csv"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            name, *numbers = line.split(",")
            assert name.startswith("test-")
            assert all(number.isdigit() for number in numbers)


def test_the_preset_plans_the_cells_of_the_study():
    """Each of them is there, and no other; the words of the plan about settings are those of the records."""
    config, preset = read_config(ROOT / "config.json"), load(shipped("masakhaner"))
    cells = all_cells(config)
    assert cells == all_cells(preset)
    assert {cell.path for cell in cells} == {str(path.parent.relative_to(ROOT)) for path in ROOT.rglob("counts.csv")}
    assert config.tasks[0].training == preset.tasks[0].training
    assert config.method == preset.method


def test_a_report_of_the_kept_records_has_every_page(again):
    """Without a prediction, of languages whose corpora are named one by one."""
    write_pages(again, again / "report")
    first = (again / "report" / "overview.html").read_text(encoding="utf-8")
    assert "Bambara" in first
    assert "average" in first
    assert {path.stem for path in (again / "report").glob("*.html")} >= set(PAGES)
    assert "kept without predictions" in (again / "report" / "errors.html").read_text(encoding="utf-8")
