"""One file of a language with labels of its own, cross-validated from file to table, as its owner would run it."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
from conftest import make_encoder
from test_workflow import Project

from metaxl.files import read_json, read_jsonl
from metaxl.tasks import NER

NAMES = {"PERSON": ["w1", "w2s"], "PLACE": ["w3", "w4"]}
TRAINING = {"epochs": 2, "target_epochs": 2, "bottleneck": 4, "max_length": 30, "eval_max_length": 30}
OWN = {
    "preset": "paper",
    "name": "own",
    "seeds": [1],
    "controls": [],
    "figure": None,
    "paper_numbers": "absent",
    "encoders": {"mine": {"folder": "encoder"}},
    "files": {"ner": {"lug": {"path": "lug.txt", "folds": 3}, "en": "en.jsonl"}},
    "ner": {
        "encoder": "mine",
        "source": "en",
        "source_size": 12,
        "labels": {"YEAR": "O"},
        "placement": [2],
        "placements": [[2]],
        "training": TRAINING,
        "targets": [{"language": "lug"}],
    },
    "sentiment": {"targets": []},
}


def sentences(count, seed, kinds):
    """Return made-up sentences, each with an entity of one or two words."""
    draw = random.Random(seed)
    for _ in range(count):
        kind = draw.choice(kinds)
        words = [draw.choice(NAMES.get(kind, ["w5"])) for _ in range(draw.randint(1, 2))]
        yield [("w0", "O"), *((word, f"{'I' if i else 'B'}-{kind}") for i, word in enumerate(words)), ("w5s", "O")]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A project of a language of one's own, its tables made."""
    project = Project(tmp_path_factory.mktemp("own") / "own")
    make_encoder(project.folder / "encoder", "xlm-roberta")
    lines = ["".join(f"{word} {tag}\n" for word, tag in s) for s in sentences(24, 1, ["PERSON", "PLACE", "YEAR"])]
    (project.folder / "lug.txt").write_text("\n".join(lines))
    rows = [{"words": [w for w, _ in s], "ner_tags": [t for _, t in s]} for s in sentences(12, 2, ["PERSON"])]
    (project.folder / "en.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    project.configure(OWN)
    project.run("--", "tables")
    return project


def test_a_table_shows_the_score_of_all_folds_predictions_together(own):
    """Each example is predicted once, by a model of its fold; the number is not a mean of folds' scores."""
    results = own.folder / "results" / "own"
    cells = sorted((results / "cells" / "mine" / "ner").glob("lug-fold*/en/joint/seed1"))
    assert [cell.parts[-4] for cell in cells] == ["lug-fold1", "lug-fold2", "lug-fold3"]
    found = [line for cell in cells for line in read_jsonl(cell / "predictions.jsonl") if line["split"] == "test"]
    assert sorted(line["id"] for line in found) == sorted(f"all-{number}" for number in range(24))
    labels = NER.label_set(["B-PERSON", "B-PLACE"])
    pooled = NER.score(labels, [line["gold"] for line in found], [line["predicted"] for line in found])
    table = (results / "tables" / "table2.csv").read_text().splitlines()
    head = table[0].split(",")
    rows = {row.split(",")[1]: dict(zip(head, row.split(","), strict=False)) for row in table[1:]}
    assert rows["JT"]["lug"] == f"{100 * pooled['f1']:.2f}"


def test_classes_are_the_datas_own_and_predictions_carry_the_words(own):
    """YEAR is mapped away; PERSON and PLACE are classes although the source has the one alone."""
    results = own.folder / "results" / "own"
    assert read_json(results / "asked" / "labels.json")["ner"]["classes"] == [
        "O", "B-PERSON", "I-PERSON", "B-PLACE", "I-PLACE",
    ]  # fmt: skip
    cell = results / "cells" / "mine" / "ner" / "lug-fold1" / "en" / "metaxl-L2" / "seed1"
    lines = read_jsonl(cell / "predictions.jsonl")
    data = {line["id"]: line for line in read_jsonl(results / "data" / "ner" / "lug-fold1" / "test.jsonl")}
    for line in (line for line in lines if line["split"] == "test"):
        assert (line["tokens"], line["gold"]) == (data[line["id"]]["tokens"], data[line["id"]]["tags"])
    assert set(read_json(cell / "scores.json")["best"]["test"]["by_type"]) == {"PERSON", "PLACE"}
    facts = read_json(results / "data" / "ner" / "lug-fold1" / "test.facts.json")
    assert facts["examples"] == 8
    assert any("YEAR to O" in note for note in facts["notes"])


def test_a_new_type_retrains_and_a_new_word_of_an_old_type_replans_its_own_language(own):
    """The classes are a setting of every cell; what they do not change reruns what reads the file, no more."""
    path = own.folder / "en.jsonl"
    before = path.read_text()
    try:
        path.write_text(before.replace('"w0"', '"w2"', 1))
        assert own.planned("--", "tables")["train"] == 6, "joint training and MetaXL of three folds read the source"
        path.write_text(before.replace("B-PERSON", "B-THING", 1))
        assert own.planned("--", "tables")["train"] == 9, "the new class concerns all"
    finally:
        path.write_text(before)


def test_data_count_by_content_whatever_their_time(own):
    """A corrected file may be older than the results: unpacked, copied or moved. A newer time alone is nothing."""
    path = own.folder / "lug.txt"
    before, times = path.read_text(), path.stat()
    os.utime(path, (2_000_000_000, 2_000_000_000))
    assert not own.planned("--", "tables")
    try:
        path.write_text(before.replace("w0 O", "w2 O", 1))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        planned = own.planned("--", "tables")
        assert (planned["data"], planned["train"]) == (9, 9)
    finally:
        path.write_text(before)
        os.utime(path, (times.st_atime, times.st_mtime))


@pytest.mark.parametrize("change", ["settings", "data"])
def test_a_copied_folder_of_results_shows_no_number_of_another_plan(own, change):
    """Snakemake's memory of parameters does not come with it; records are refused, other data are read anew."""
    results = own.folder / "results"
    shutil.copytree(results / "own", results / "copy")
    other = own.folder / "other.txt"
    other.write_text((own.folder / "lug.txt").read_text().replace("w0 O", "w2 O", 1))
    try:
        if change == "data":
            lug = {"path": "other.txt", "folds": 3}
            own.configure(OWN | {"name": "copy", "files": {"ner": OWN["files"]["ner"] | {"lug": lug}}})
            planned = own.planned("--", "tables")
            assert (planned["data"], planned["train"]) == (9, 9)
            return
        training = {"training": TRAINING | {"learning_rate": 0.01}}
        own.configure(OWN | {"name": "copy", "ner": OWN["ner"] | training})
        done = own.snakemake("--", "results/copy/tables/table2.md")
        assert done.returncode != 0
        said = done.stdout + done.stderr
        assert "of another making than the active plan: training.learning_rate is 0.01 in the plan and 3e-05" in said
    finally:
        own.configure(OWN)
        shutil.rmtree(results / "copy")
