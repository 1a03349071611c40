"""Kept models are outputs of their own: asked for by path or by keep_models, and no score depends on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_workflow import MINIATURE, Project

from metaxl.files import read_json

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = "results/mini"
CELL = f"{ROOT}/cells/tiny/ner/qu/en/joint/seed11"
BEST = f"{ROOT}/models/ner/qu"
TRAINING = MINIATURE["ner"]["training"] | {"epochs": 2, "learning_rate": 1e-2}
NER = MINIATURE["ner"] | {"targets": [{"language": "qu"}], "training": TRAINING, "placements": [[2]]}
NER_ALONE = MINIATURE | {"figure": None, "ner": NER, "sentiment": {"targets": []}}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A run of three NER cells that keeps every model."""
    made = Project(tmp_path_factory.mktemp("models") / "project")
    keep(made, "all")
    mask = os.umask(0o022)
    made.run("--", "tables")
    os.umask(mask)
    return made


def keep(project: Project, which: str, **changes: object) -> None:
    project.configure(NER_ALONE | {"keep_models": which} | changes)


def records_of(cell: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cell.iterdir() if path.is_file()}


def cells(project: Project) -> list[Path]:
    return sorted(path.parent for path in project.folder.glob(f"{ROOT}/cells/**/scores.json"))


def test_every_model_is_kept_with_the_record_of_its_cell_and_no_cell_is_trained_twice(project):
    found = cells(project)
    assert len(found) == 3
    for cell in found:
        assert read_json(cell / "model" / "cell.json") == read_json(cell / "scores.json")
    logs = [path.read_text() for path in project.folder.glob(f"{ROOT}/logs/models/*.log")]
    assert len(logs) == 3
    assert not any("trained again" in log for log in logs)
    assert not list((project.folder / ROOT / "work").rglob("model")), "nothing is left to be taken"


def test_each_model_has_its_card_and_labels_text(project):
    """Of a cell and of its model's folder alike; the card is no part of what the cell's training depends on."""
    for place in (CELL, f"{CELL}/model"):
        done = subprocess.run(
            [sys.executable, "-m", "metaxl", "predict", place, "--format", "json"],
            input="Remochil puki, itu.\n",
            capture_output=True,
            text=True,
            check=True,
            cwd=project.folder,
        )
        assert json.loads(done.stdout)["tokens"] == ["Remochil", "puki", ",", "itu", "."]
    text = (project.folder / CELL / "model" / "README.md").read_text()
    assert "**The language is invented.**" in text
    assert "pre-trained by this project on the synthetic languages" in text
    label = {"label": "another"}
    keep(project, "all", **label)
    try:
        assert not {"train", "model"} & set(project.planned("--", "tables"))
    finally:
        keep(project, "all")


SHELL = """
set -eu
metaxl() { "$PYTHON" -m metaxl "$@"; }
snakemake() { "$PYTHON" -m snakemake --configfile mini.yaml "$@"; }
"""


def test_what_the_page_on_using_a_model_says_works(project):
    """Its commands one after another, and its Python."""
    page = (REPOSITORY / "docs" / "using-a-model.md").read_text(encoding="utf-8").replace("results/demo", ROOT)
    (python,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    commands = re.findall(r"^    (\S.*)", page, re.MULTILINE)
    assert len(commands) == 5
    (project.folder / "text.txt").write_text("Remochil puki, itu.\n")
    (project.folder / "tokens.txt").write_text("Remochil puki , itu .\n")
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(project.folder), "OMP_NUM_THREADS": "1"}
    about = {"cwd": project.folder, "env": environment, "capture_output": True, "text": True}
    done = [subprocess.run(["bash", "-c", SHELL + command], **about) for command in commands]
    assert [one.returncode for one in done] == [0] * 5, [one.stderr for one in done]
    labelled = json.loads((project.folder / "labelled.jsonl").read_text())
    assert labelled["tokens"] == ["Remochil", "puki", ",", "itu", "."]
    assert [line.split("\t")[0] for line in done[3].stdout.split("\n")[:5]] == labelled["tokens"]
    assert done[1].stdout == done[4].stdout.replace(" ,", ",").replace(" .", ".")
    found = subprocess.run([sys.executable, "-c", python], **about)
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("entity_group") == len(labelled["entities"])


def test_models_are_readable_as_the_umask_says(project):
    for folder in (project.folder / CELL / "model", project.folder / ROOT / "encoders" / "tiny"):
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.suffix}
        assert {"model.safetensors", "config.json", "tokenizer.json"} <= modes.keys()
        assert set(modes.values()) == {0o644}, modes
        assert folder.stat().st_mode & 0o777 == 0o755


def test_to_keep_other_models_trains_nothing_for_the_scores(project):
    """From all to none to best to all: no parameter of a training, and no input, has changed."""
    counts = {}
    try:
        for which in ("none", "best", "all"):
            keep(project, which)
            counts[which] = project.planned("--", "tables")
    finally:
        keep(project, "all")
    assert {which: found.get("train", 0) for which, found in counts.items()} == dict.fromkeys(counts, 0)
    assert not {"model", "best_model"} & set(counts["none"] | counts["all"])
    assert counts["best"]["best_model"] == 1


def test_a_deleted_model_comes_back_and_the_records_stay(project):
    """Also where nothing keeps models: it is asked for by its path, and trained again."""
    cell = project.folder / CELL
    before = records_of(cell)
    weights = (cell / "model" / "model.safetensors").read_bytes()
    shutil.rmtree(cell / "model")
    keep(project, "none")
    try:
        assert project.planned("--", f"{CELL}/model") == {"model": 1, "total": 1}
        project.run("--", f"{CELL}/model")
    finally:
        keep(project, "all")
    assert records_of(cell) == before
    assert (cell / "model" / "model.safetensors").read_bytes() == weights
    again, record = read_json(cell / "model" / "cell.json"), read_json(cell / "scores.json")
    assert again.pop("resources") != record.pop("resources"), "it was trained again"
    assert again == record
    assert not (project.folder / ROOT / "work" / CELL.removeprefix(f"{ROOT}/")).exists()


def test_the_best_model_is_that_of_the_highest_dev_score(project):
    keep(project, "best")
    try:
        project.run("--", "tables")
        assert "Nothing to be done" in project.run("--", "tables")
    finally:
        keep(project, "all")
    records = [read_json(cell / "scores.json") for cell in cells(project)]
    kept = read_json(project.folder / BEST / "cell.json")
    assert kept["best"]["dev"]["f1"] == max(record["best"]["dev"]["f1"] for record in records)
    (note,) = kept["notes"]
    assert note.startswith("qu: dev F1 of cells/tiny/ner/qu/")
    assert note.endswith("is the highest of its 3 cells.")
    assert (project.folder / BEST / "model.safetensors").is_file()


def test_no_model_of_other_settings_is_left_beside_new_records(project):
    """Nor as the best of its target, even where none is kept any more."""
    best = read_json(project.folder / BEST / "cell.json")["cell"]
    other = NER | {"training": TRAINING | {"learning_rate": 2e-2, "target_epochs": 2}}
    copy = Project.found(project.folder.with_name("copy"))
    shutil.copytree(project.folder, copy.folder, symlinks=True)
    keep(copy, "none", ner=other)
    place = f"{best['source']}/{best['method']}/seed{best['seed']}"
    chosen = f"{ROOT}/cells/tiny/ner/qu/{place}"
    copy.run("--", f"{chosen}/scores.json")
    assert not (copy.folder / chosen / "model").exists()
    assert not (copy.folder / BEST).exists()
    keep(copy, "all", ner=other)
    copy.run("--", f"{chosen}/model")
    rate = read_json(copy.folder / chosen / "model" / "cell.json")["provenance"]["settings"]["training"][
        "learning_rate"
    ]
    assert rate == 2e-2


def test_a_target_that_no_table_shows_has_no_best_model(project):
    done = project.snakemake("--dry-run", "--", f"{ROOT}/models/ner/xx")
    assert done.returncode != 0
    assert f"{BEST[:-2]}xx: no table shows 'xx' as a target of ner; there are qu." in done.stdout + done.stderr


def test_what_is_gathered_anew_makes_no_best_model_again(project):
    """Another label, and a figure of a cell that no table shows: the candidates are what they were."""
    figure = {"task": "ner", "encoder": "tiny", "target": "qu", "source": "en", "placement": [1]}
    keep(project, "best", label="another", figure=figure)
    try:
        counts = project.planned("--", "tables")
    finally:
        keep(project, "all")
    assert counts["train"] == 1
    assert counts["gather"] > 1
    assert "best_model" not in counts
