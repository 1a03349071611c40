"""Any encoder of transformers through the whole workflow: its kept model is one that anybody can load and use."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from conftest import reviews, sentences
from families import KINDS, make_family
from test_workflow import Project

from metaxl.files import read_json, read_jsonl
from metaxl.tasks import TASKS

DEFAULT = "deberta-v2"  # the one that a configuration names where a test has no other
LENGTHS = {"bottleneck": 4, "max_length": 30, "eval_max_length": 30}
# A fresh head gives words many tags; to give sentences both labels, it has to learn.
TRAINING = {"ner": {"epochs": 1}, "sentiment": {"epochs": 10, "learning_rate": 0.01}}
TASK_OF = {kind: "sentiment" if kind in ("modernbert", "eurobert") else "ner" for kind in KINDS}


def write_languages(folder: Path) -> dict[str, dict[str, str]]:
    """Write a target and a source of both tasks; return what the configuration says of them."""
    files: dict[str, dict[str, str]] = {}
    for task, records in (("ner", sentences), ("sentiment", plain_reviews)):
        for language, count in {"xx": 9, "yy": 14}.items():
            place = folder / task / language
            place.mkdir(parents=True)
            for seed, split in enumerate(("train", "dev", "test")):
                lines = [json.dumps(r) for r in records(count, seed)]
                (place / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
            files.setdefault(task, {})[language] = f"{task}/{language}"
    return files


def plain_reviews(count: int, seed: int) -> list[dict]:
    """Return reviews whose first words say what they think, so that a model learns to give either label."""
    said = {"positive": "w1 w2 w3", "negative": "w4 w5 w6"}
    return [review | {"text": f"{said[review['label']]} {review['text']}"} for review in reviews(count, seed)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a folder of each family, of which the tasks themselves name one, and a kept model of each."""
    made = Project(tmp_path_factory.mktemp("families") / "project")
    (made.folder / "encoders").mkdir()
    for kind in KINDS:
        make_family(made.folder / "encoders" / kind, kind)
    task = {"encoder": DEFAULT, "source": "yy", "source_size": 8, "targets": [{"language": "xx"}]}
    task |= {"placement": [2], "placements": [[2]]}
    tasks = {name: task | {"training": training | LENGTHS} for name, training in TRAINING.items()}
    made.configure(
        {"name": "families", "label": "tiny encoders", "controls": [], "figure": None, "keep_models": "all"}
        | {"encoders": {kind: {"folder": f"encoders/{kind}"} for kind in KINDS}}
        | {"files": write_languages(made.folder)}
        | tasks
    )
    made.run("--", *(f"{cell(kind)}/model" for kind in KINDS))
    return made


def cell(kind: str) -> str:
    return f"results/families/cells/{kind}/{TASK_OF[kind]}/xx/yy/metaxl-L2/seed11"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_family_trains_and_its_kept_model_predicts_alike(project, kind):
    """What transformers makes of a kept model is compared with the cell's own predictions of the test split."""
    folder = project.folder
    network = "packed" if kind == "xlm-roberta" else "wrapped"
    assert read_json(folder / cell(kind) / "scores.json")["provenance"]["network"] == network
    (log,) = (folder / "results" / "families" / "logs" / "cells").glob(f"{kind}-*.log")
    assert f"{network} network" in log.read_text(encoding="utf-8")
    task, model = TASK_OF[kind], folder / cell(kind) / "model"
    assert read_json(model / "cell.json") == read_json(folder / cell(kind) / "scores.json"), "its own training's"
    classes = TASKS[task].usual
    about = read_json(model / "config.json")
    assert about["id2label"] == {str(number): label for number, label in enumerate(classes)}
    assert about["label2id"] == {label: number for number, label in enumerate(classes)}
    assert {path.stat().st_mode & 0o777 for path in model.iterdir() if path.suffix} == {0o666 & ~umask()}
    records = read_jsonl(folder / "results" / "families" / "data" / task / "xx" / "test.jsonl")
    ours = {
        r["id"]: r["predicted"] for r in read_jsonl(folder / cell(kind) / "predictions.jsonl") if r["split"] == "test"
    }
    assert len(ours) == 9
    assert len({label for labels in ours.values() for label in labels}) > 1, "one label everywhere would prove nothing"
    predict = {"ner": tags_of, "sentiment": labels_of}[task]
    for found in predict(model, [r["text"] if task == "sentiment" else " ".join(r["tokens"]) for r in records]):
        assert found == list(ours.values())


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def tags_of(model: Path, texts: list[str]) -> list[list[list[str]]]:
    """Return each text's tags, one a word, as the Auto classes give them and as the pipeline does."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    tokenizer, network = AutoTokenizer.from_pretrained(model), AutoModelForTokenClassification.from_pretrained(model)
    pipe, found = pipeline("token-classification", model=str(model), ignore_labels=[]), ([], [])
    for text in texts:
        batch = tokenizer(text, return_tensors="pt")
        starts = {0, *(place + 1 for place, letter in enumerate(text) if letter == " ")}
        offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        firsts = [number for number, (start, end) in enumerate(offsets) if end > start and start in starts]
        best = network(**batch).logits[0, firsts].argmax(dim=1)
        found[0].append([network.config.id2label[int(number)] for number in best])
        found[1].append([token["entity"] for token in pipe(text) if token["start"] in starts])
    return list(found)


def labels_of(model: Path, texts: list[str]) -> list[list[list[str]]]:
    """Return each text's label in a list of its own, as the Auto classes give it and as the pipeline does."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(model)
    with torch.no_grad():
        best = network(**tokenizer(texts, padding=True, return_tensors="pt")).logits.argmax(dim=1)
    auto = [[network.config.id2label[int(number)]] for number in best]
    return [auto, [[found["label"]] for found in pipeline("text-classification", model=str(model))(texts)]]
