"""`metaxl compare`: pairs of cells, what differs between them, and whether one experiment is better than another."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache

import pytest
from experiments import experiment
from records import golden, usual_labels, write_cell, write_failed

from metaxl.cli.main import main
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import effective_config
from metaxl.files import read_json, read_jsonl, write_json, write_jsonl
from metaxl.reporting.comparing.compare import compare
from metaxl.reporting.comparing.results import read_results
from metaxl.reporting.evidence.judged import judge
from metaxl.reporting.statistics.family import holm

TARGETS = ("qu", "cdo", "ilo", "xmf", "mhr", "mi", "tk", "gn")
JOINT = [Cell("tiny", "ner", target, "en", "joint", seed) for target in TARGETS for seed in (11, 12)]
SOLE = [replace(cell, source="none", method="target") for cell in JOINT]


def write_experiment(root, cells, right=0.8, luck="", **changes):
    targets = [{"language": code} for code in TARGETS]
    write_json(root / "config.json", effective_config(experiment(ner={"source": "en", "targets": targets})))
    for cell in cells:
        write_cell(root, cell, right=right, luck=f"{luck}{cell.path}", **changes)
    return root


@pytest.fixture
def write(tmp_path):
    """Return a function that writes an experiment's records and returns its folder."""
    return lambda name, *about, **changes: write_experiment(tmp_path / name, *about, **changes)


@pytest.fixture(scope="module")
def joint(tmp_path_factory):
    """Return a function that gives a folder with the records of JOINT, which several tests read and none changes."""
    return cache(lambda luck: write_experiment(tmp_path_factory.mktemp("joint"), JOINT, luck=luck))


def compared(capsys, *arguments, expected=0):
    assert main(["compare", *map(str, arguments)]) == expected
    return capsys.readouterr().out


def as_json(capsys, first, second):
    return json.loads(compared(capsys, first, second, "--json"))


def test_the_better_one_is_found_and_the_other_way_round_it_is_worse(write, capsys):
    a, b = write("a", JOINT, right=0.9, luck="a"), write("b", JOINT, right=0.7, luck="b")
    for first, second, word, sign in ((a, b, "yes", 1), (b, a, "worse", -1)):
        found = as_json(capsys, first, second)
        (row,) = found["rows"]
        assert (row["task"], row["source"], row["method"]) == ("ner", "en", "joint")
        assert row["verdict"] == word
        assert sign * row["difference"] > 5
        assert row["difference"] == pytest.approx(row["first_f1"] - row["second_f1"])
        assert row["difference"] == pytest.approx(sum(x["difference"] for x in row["languages"]) / len(TARGETS))
        assert [language["language"] for language in row["languages"]] == sorted(TARGETS)
        text = compared(capsys, first, second)
        assert f"{row['difference']:+.2f}" in text
        assert "16 pairs of cells, 8 languages, 2 seeds" in text


def test_the_numbers_are_those_of_the_evidence(write, capsys):
    """The same statistics: the mean over languages of what `judge` says, and Holm over the rows."""
    cells = JOINT + SOLE
    a, b = write("a", cells, luck="a"), write("b", cells, luck="b")
    found = compare(read_results(a), read_results(b))
    contrasts = [one.contrast for one in found.judged]
    counts = {}
    for name, results in (("first", found.first), ("second", found.second)):
        counts |= {replace(cell, encoder=name): trained.counted for cell, trained in results.cells.items()}
    again = judge(contrasts, counts, [11, 12], lambda _: False)
    assert [one.estimate for one in again] == [one.estimate for one in found.judged]
    adjusted = holm([one.estimate.p_value for one in found.judged])
    assert [one.adjusted_p for one in found.judged] == pytest.approx(adjusted)
    assert {one.family for one in found.judged} == {2}


def test_no_difference_is_no_finding(joint, write, capsys):
    """An experiment beside itself: nothing differs, and nothing can be told."""
    a, b = joint(""), write("b", JOINT)
    found = as_json(capsys, a, b)
    assert found["alike"] == 16
    assert found["differs"] == {}
    assert [row["verdict"] for row in found["rows"]] == ["cannot tell"]
    text = compared(capsys, a, b)
    assert "in 16 of them both predict alike" in text
    assert "Settings, data, encoder, code, libraries and machine are the same in all pairs." in text


def test_cells_that_one_has_alone_are_told_and_are_no_part_of_the_mean(write, capsys):
    a, b = write("a", JOINT + SOLE[:2], luck="a"), write("b", JOINT[2:], luck="b")
    found = as_json(capsys, a, b)
    assert found["only_first"] == sorted(cell.path for cell in (*JOINT[:2], *SOLE[:2]))
    assert found["only_second"] == []
    (row,) = found["rows"]
    assert [language["language"] for language in row["languages"]] == sorted(TARGETS[1:])
    text = compared(capsys, a, b)
    assert f"Only in {a}: 4 cells" in text
    assert f"Only in {b}" not in text


def test_a_failed_cell_is_told(joint, write, capsys):
    a, b = joint("a"), write("b", JOINT[1:], luck="b")
    write_failed(b, JOINT[0])
    assert as_json(capsys, a, b)["failed_second"] == [JOINT[0].path]
    text = compared(capsys, a, b)
    assert f"Failed in {b}: 1 cell\n  {JOINT[0].path}" in text
    assert "qu with 1 of 2 seeds" in text


def test_what_was_made_otherwise_is_told_with_both_values(joint, write, capsys):
    a, b = joint("a"), write("b", JOINT, luck="b", code="other")
    for cell in JOINT:
        path = b / cell.path / "scores.json"
        record = read_json(path)
        made = record["provenance"]
        made["settings"]["training"]["learning_rate"] = 0.5
        made |= {"machine": "another", "libraries": {"torch": "9"}}
        made["data"]["train"] = "0" * 64
        write_json(path, record)
    found = as_json(capsys, a, b)["differs"]
    assert found["training.learning_rate"] == [{"first": "0.001", "second": "0.5", "pairs": 16}]
    assert found["code"] == [{"first": "c0de", "second": "other", "pairs": 16}]
    assert found.keys() == {"training.learning_rate", "code", "machine", "torch", "data.train"}
    text = compared(capsys, a, b)
    assert "training.learning_rate: 0.001 | 0.5, in 16 pairs" in text


def test_encoders_of_other_names_are_compared(joint, write, capsys):
    """Where each has one cell of an address: that is how two encoders are compared."""
    other = [replace(cell, encoder="large") for cell in JOINT]
    a, b = joint("a"), write("b", other, luck="b")
    found = as_json(capsys, a, b)
    assert len(found["pairs"]) == 16
    assert found["pairs"][0]["second"] == found["pairs"][0]["first"].replace("tiny", "large")
    assert "encoder" in found["differs"]
    assert not any(key.startswith("data.") for key in found["differs"])
    assert "Whether they trained on the same sentences cannot be told" in compared(capsys, a, b)


@pytest.mark.parametrize("change", ["labels", "words", "count"])
def test_other_test_sentences_are_refused(joint, write, caplog, capsys, change):
    """Whatever differs of them in one language: gold labels, words, how many they are."""
    gold = golden("ner", usual_labels("ner"))
    others = {"labels": gold | {"test": gold["test"][::-1]}, "count": gold | {"test": gold["test"][:-1]}}
    a = joint("a")
    b = write("b", JOINT[2:4], luck="b")
    write("b", JOINT[:2], luck="b", gold=others.get(change, gold))
    if change == "words":
        for cell in JOINT[:2]:
            path = b / cell.path / "predictions.jsonl"
            write_jsonl(path, [line | {"tokens": ["x"] * 6} for line in read_jsonl(path)])
    compared(capsys, a, b, expected=1)
    count = 39 if change == "count" else 40
    assert f"their test sentences or gold labels differ, in ner qu (40 and {count} sentences)" in caplog.text
    assert "cdo" not in caplog.text


def test_one_seed_of_one_language_says_nothing_of_methods(write, capsys):
    a, b = write("a", JOINT[:1], right=0.95, luck="a"), write("b", JOINT[:1], right=0.5, luck="b")
    found = as_json(capsys, a, b)
    assert found["rows"][0]["verdict"] == "cannot tell"
    assert found["rows"][0]["adjusted_p"] is None
    assert not math.isnan(found["rows"][0]["low"])
    assert "the interval is over test sentences of two trained models" in compared(capsys, a, b)


def test_sources_are_called_as_tables_call_them(write, capsys):
    """The common one by its code, a target's related one as "related"; by codes where nobody says which is which."""
    common = JOINT[::2]  # one seed
    related = [replace(cell, source={"qu": "es"}.get(cell.target, "tr")) for cell in common]
    a, b = write("a", common + related, luck="a"), write("b", common + related, luck="b")
    targets = [{"language": code, "related": {"qu": "es"}.get(code, "tr")} for code in TARGETS]
    write_json(a / "config.json", effective_config(experiment(ner={"source": "en", "targets": targets})))
    rows = as_json(capsys, a, b)["rows"]
    assert [(row["source"], len(row["languages"])) for row in rows] == [("en", 8), ("related", 8)]
    (a / "config.json").unlink()
    rows = as_json(capsys, a, b)["rows"]
    assert [(row["source"], len(row["languages"])) for row in rows] == [("en", 8), ("tr", 7), ("es", 1)]


def test_folds_are_one_language(write, capsys):
    folds = [replace(cell, target=f"qu-fold{fold}") for cell in JOINT[:2] for fold in (1, 2)]
    a, b = write("a", folds, luck="a"), write("b", folds, luck="b")
    (row,) = as_json(capsys, a, b)["rows"]
    assert [(language["language"], language["seeds"]) for language in row["languages"]] == [("qu", [11, 12])]
    results = read_results(a)
    assert {len(trained.counted.names) for trained in results.cells.values()} == {80}


def no_folder(root):
    return root / "absent"


def no_cell(root):
    (root / "empty" / "cells").mkdir(parents=True)
    return root / "empty"


def changed(root):
    path = root / JOINT[0].path / "predictions.jsonl"
    write_jsonl(path, [line | {"predicted": line["gold"]} for line in read_jsonl(path)])
    return root


@pytest.mark.parametrize(("make", "said"), [
    (no_folder, "no cells in it; name the folder of an experiment's results"),
    (no_cell, "no cell has a score yet; run the workflow first"),
    (changed, "but scores.json beside them says"),
])  # fmt: skip
def test_what_is_no_experiment_is_told(joint, write, caplog, capsys, make, said):
    a, b = joint(""), write("b", JOINT[:2], luck="b")
    compared(capsys, a, make(b), expected=1)
    assert said in caplog.text


def test_nothing_to_pair_is_told_with_what_there_is(joint, write, caplog, capsys):
    a, b = joint(""), write("b", SOLE)
    compared(capsys, a, b, expected=1)
    assert f"The first has {sorted(c.path for c in JOINT)[0]}" in caplog.text
