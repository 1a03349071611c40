"""The study's page, tables and pictures are those that its kept records make, and its numbers are right."""

from __future__ import annotations

import csv
import itertools
import json
import math
import shutil
from pathlib import Path

import pytest
from experiments import load, shipped
from scipy import stats

from metaxl.errors import DataError
from metaxl.experiment.grid import all_cells
from metaxl.experiment.load import read_config
from metaxl.reporting.pages.write import PAGES, write_pages
from metaxl.reporting.paper import name_of_code
from studies.masakhaner import render
from studies.masakhaner.answers import write_answers
from studies.masakhaner.arms import ARMS
from studies.masakhaner.null_control import null_control

ROOT = Path(render.__file__).parent
MADE = ("scores.csv", "evidence", "evidence.csv", "evidence.md", "evidence.json", "tables", "figures")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Return a copy of the study, made again from nothing but what is kept, with its page."""
    root = tmp_path_factory.mktemp("study")
    for name in ("cells", "data", "encoded", "encoders", "asked", "results", "null", "config.json"):
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


def by_hand(method, language, seed=11, root=ROOT):
    """Return F1 in percent from a cell's counts alone."""
    source = "none" if method == "target" else "en"
    path = root / f"cells/e5-small/ner/{language}/{source}/{method}/seed{seed}/counts.csv"
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


def test_whose_language_the_answer_on_metaxl_hangs_on_by_hand():
    """From the counts, with nothing of the package: Holm's p of three contrasts, without each language in turn."""
    languages = [entry["language"] for entry in json.loads((ROOT / "config.json").read_text("utf-8"))["ner"]["targets"]]
    pairs = [("metaxl-L12", "joint"), ("joint", "target"), ("metaxl-L12", "metaxl-frozen-L12")]
    f1 = {(arm, name): by_hand(arm, name) for arm in {*itertools.chain(*pairs)} for name in languages}

    def is_worse(kept):
        tests = [stats.ttest_1samp([f1[one, name] - f1[other, name] for name in kept], 0) for one, other in pairs]
        order = sorted(range(3), key=lambda number: tests[number].pvalue)
        adjusted = [(3 - rank) * tests[number].pvalue for rank, number in enumerate(order)]
        return tests[0].statistic < 0 and max(adjusted[: order.index(0) + 1]) < 0.05

    assert is_worse(languages)
    hangs = [name for name in languages if not is_worse([one for one in languages if one != name])]
    names = ", ".join(name_of_code(name) for name in hangs)
    page = (render.DOCS / "results.md").read_text(encoding="utf-8")
    assert f"without any one of {names} it would be *no such gain as +1 F1*." in page
    for out in hangs:
        test = stats.ttest_1samp(
            [f1["metaxl-L12", name] - f1["joint", name] for name in languages if name != out], 0, alternative="less"
        )
        assert test.confidence_interval(0.95).high < 1, out


def test_the_pilots_differences_by_hand():
    """Beside those of the study's last epoch."""
    alike = {"epochs": "6", "learning_rate": "0.0001", "head_learning_rate": "1.0"}
    with (ROOT / "results/pilot.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if alike.items() <= row.items()]
    last = {method: [float(row["last_dev_f1"]) for row in rows if row["method"] == method] for method in ARMS}
    page = (render.DOCS / "results.md").read_text(encoding="utf-8")
    languages = [path.name for path in (ROOT / "cells/e5-small/ner").iterdir()]

    def study(method):
        paths = [ROOT / f"cells/e5-small/ner/{name}/en/{method}/seed11/scores.json" for name in languages]
        scores = [json.loads(path.read_text("utf-8"))["last"]["test"]["f1"] for path in paths]
        return 100 * sum(scores) / len(scores)

    assert len(last["metaxl-L12"]) == 4
    for method, runs in (("joint", 4), ("metaxl-frozen-L12", 2)):
        (other,) = last[method]
        above, there = max(last["metaxl-L12"]) - other, study("metaxl-L12") - study(method)
        assert f"by {above:+.2f} from {ARMS[method]} ({runs} runs; in the study {there:+.2f})" in page
    with (ROOT / "results/pilot.csv").open(encoding="utf-8") as file:
        joint = [float(row["last_dev_f1"]) for row in csv.DictReader(file) if row["method"] == "joint"]
    assert f"the highest JT of the table it differs by {max(last['metaxl-L12']) - max(joint):+.2f}." in page


def test_the_null_control_by_hand():
    """From the counts, with nothing of the package: its mean, t interval, p and sign flips stand on the page."""
    languages = sorted(path.name for path in (ROOT / "null/cells/e5-small/ner").iterdir())
    differences = [
        by_hand("joint", name, 21, ROOT / "null") - by_hand("joint", name, 22, ROOT / "null") for name in languages
    ]
    t = stats.ttest_1samp(differences, 0)
    low, high = t.confidence_interval()
    signs = itertools.product((1, -1), repeat=len(differences))
    sums = [abs(sum(sign * value for sign, value in zip(each, differences, strict=True))) for each in signs]
    flips = sum(value >= sums[0] - 1e-9 for value in sums) / len(sums)
    mean = f"{sum(differences) / len(differences):+.2f} F1 [{low:+.2f}, {high:+.2f}]"
    page = (render.DOCS / "results.md").read_text(encoding="utf-8")
    assert f"in {len(languages)} of the 14 languages" in page
    wins = sum(value > 0 for value in differences)
    assert f"{mean}, p = {t.pvalue:.2f}, by sign flips {flips:.2f}, above 0 in {wins}." in page
    one_sided = stats.ttest_1samp(differences, 0, alternative="less").confidence_interval().high
    assert t.pvalue > 0.05, "neither yes nor worse"
    assert one_sided < 1, "nor cannot tell"
    assert "The answer is *no such gain as +1 F1*." in page
    spread = math.sqrt(sum(value**2 for value in differences) / len(differences))
    assert f"by {spread:.1f} points (root mean square), at most here by {max(differences, key=abs):+.2f}" in page


def test_the_last_epoch_of_the_null_control_by_hand():
    """Counts are kept of the best epoch alone: from the scores of the records."""
    differences = []
    for folder in sorted((ROOT / "null/cells/e5-small/ner").iterdir()):
        first, second = (
            json.loads((folder / f"en/joint/seed{seed}/scores.json").read_text("utf-8"))["last"]["test"]["f1"]
            for seed in (21, 22)
        )
        differences.append(100 * (first - second))
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    told = f"{sum(differences) / len(differences):+.2f} F1 [{low:+.2f}, {high:+.2f}]"
    assert f"Of the last epoch: {told}" in (render.DOCS / "results.md").read_text(encoding="utf-8")


def test_the_null_control_is_the_study_with_other_seeds_on_another_machine():
    """Of the plan's first languages both seeds, with the code, data, encoder and settings of the study's JT."""
    languages = [entry["language"] for entry in json.loads((ROOT / "config.json").read_text("utf-8"))["ner"]["targets"]]
    kept = {path.name for path in (ROOT / "null/cells/e5-small/ner").iterdir()}
    assert kept == set(languages[: len(kept)])
    for language, seed in itertools.product(kept, (21, 22)):
        ours, null = (
            json.loads((root / f"cells/e5-small/ner/{language}/en/joint/seed{one}/scores.json").read_text("utf-8"))
            for root, one in ((ROOT, 11), (ROOT / "null", seed))
        )
        assert (ours["steps"], null["steps"]) == (600, 300)
        for record in (ours, null):
            record["provenance"]["settings"]["training"].pop("epochs")
        for name in ("code", "data", "encoder", "settings"):
            assert null["provenance"][name] == ours["provenance"][name], (language, name)


def test_few_languages_are_no_null_control(tmp_path):
    """Of five no sign-flip test can be significant, so nothing is said; nor of a language with one seed."""
    shutil.copytree(ROOT / "null", tmp_path, dirs_exist_ok=True)
    languages = sorted((tmp_path / "cells/e5-small/ner").iterdir())
    shutil.rmtree(languages[0] / "en/joint/seed22")
    with pytest.raises(DataError, match=f"0 records of {languages[0].name} with seed 22"):
        null_control(tmp_path)
    shutil.rmtree(languages[0])
    assert "in 6 of the 14 languages" in null_control(tmp_path)
    shutil.rmtree(languages[1])
    with pytest.raises(DataError, match="5 languages of the null control; 6 are needed"):
        null_control(tmp_path)


def test_no_word_of_the_corpus_is_kept():
    """A cell has scores, a history and counts; each line of the counts is an id and numbers."""
    kept = [*(ROOT / "cells").rglob("*"), *(ROOT / "null/cells").rglob("*")]
    for path in kept:
        assert path.is_dir() or path.name in ("scores.json", "history.jsonl", "counts.csv")
    for path in (path for path in kept if path.name == "counts.csv"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            name, *numbers = line.split(",")
            assert name.startswith("test-")
            assert all(number.isdigit() for number in numbers)


def test_the_preset_plans_the_cells_of_the_study():
    """Each of them is there, and no other; the words of the plan about settings are those of the records."""
    config, preset = read_config(ROOT / "config.json"), load(shipped("masakhaner"))
    cells = all_cells(config)
    assert cells == all_cells(preset)
    found = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "cells").rglob("counts.csv")}
    assert {cell.path for cell in cells} == found
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
