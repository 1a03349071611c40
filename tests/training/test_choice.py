"""Dev chooses the epoch where it can; where it cannot, the last counts, and the record says so."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from cells import spec_of, train
from conftest import records_of

from metaxl.data.encode import encode, load_tokenizer
from metaxl.files import read_jsonl
from metaxl.tasks import NER, SENTIMENT, LabelSet
from metaxl.training.loop import Run

SOUND = {"source": (12, 3), "train": (10, 0), "dev": (6, 1), "test": (7, 2)}  # examples and seed of each role


def trained(place, folder, monkeypatch, spec, change):
    """Train a cell from records that `change` makes of each role's sound ones; return its record."""
    for role, (count, seed) in SOUND.items():
        records = [change(role, number, one) for number, one in enumerate(records_of(spec.cell.task, count, seed))]
        tokenizer = load_tokenizer(place, spec.cell.task)
        encode(tokenizer, spec.cell.task, records, 32, spec.labels.classes).save(folder / f"{role}.npz")
    monkeypatch.setattr("cells.files_of", lambda *_: {role: folder / f"{role}.npz" for role in SOUND})
    return train(place, folder / "cell", spec)


def without_entities(*roles):
    """Return a change that leaves the named roles no entity."""
    return lambda role, _, one: one | {"tags": ["O"] * len(one["tags"])} if role in roles else one


def test_a_dev_set_without_an_entity_chooses_nothing_and_the_last_epoch_counts(place, tmp_path, monkeypatch, caplog):
    with caplog.at_level(logging.WARNING, "metaxl"):
        record = trained(place, tmp_path, monkeypatch, spec_of("joint", epochs=3), without_entities("dev"))
    assert (record["best"]["epoch"], record["best"]["chosen_by"]) == (3, "none")
    assert [record["best"]["dev"][name] for name in NER.metrics] == [None] * 4
    assert record["best"]["test"] == record["last"]["test"]
    assert "cells/tiny/ner/qu/en/joint/seed1: dev F1 is not defined in every epoch" in caplog.text
    assert [line["dev_f1"] for line in read_jsonl(tmp_path / "cell" / "history.jsonl")] == [None] * 3


def test_a_dev_set_of_which_no_epoch_finds_anything_chooses_nothing_either(place, tmp_path, monkeypatch, caplog):
    """There is something to find, and no epoch finds it."""
    monkeypatch.setattr(Run, "evaluate", lambda *_: (dict.fromkeys(NER.metrics, 0.0), 1.0))
    record = train(place, tmp_path, spec_of("joint", epochs=3))
    assert (record["best"]["epoch"], record["best"]["chosen_by"]) == (3, "none")
    assert "dev F1 is 0 in every epoch and cannot choose one; the last epoch counts" in caplog.text


def test_a_dev_set_that_can_choose_is_said_to_have_chosen(place, tmp_path, caplog):
    record = train(place, tmp_path, spec_of("joint", epochs=6))
    assert record["best"]["dev"]["f1"] > 0
    assert record["best"]["chosen_by"] == "dev"
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_test_set_without_an_entity_has_no_score(place, tmp_path, monkeypatch):
    record = trained(place, tmp_path, monkeypatch, spec_of("joint"), without_entities("test"))
    for checkpoint in ("best", "last"):
        scores = record[checkpoint]["test"]
        assert [scores[name] for name in NER.metrics] == [None] * 4
        assert {kind["support"] for kind in scores["by_type"].values()} == {0}
        assert {kind["f1"] for kind in scores["by_type"].values()} == {None}


@pytest.mark.parametrize(("task", "content"), [("ner", "tokens"), ("sentiment", "text")])
def test_predictions_carry_the_words(place, tmp_path, task, content):
    spec = spec_of("joint", task=task)
    train(place, tmp_path, spec)
    lines = read_jsonl(tmp_path / "predictions.jsonl")
    for split, (count, seed) in {"dev": SOUND["dev"], "test": SOUND["test"]}.items():
        found = {line["id"]: line[content] for line in lines if line["split"] == split}
        assert found == {one["id"]: one[content] for one in records_of(task, count, seed)}
    if task == "ner":
        assert all(len(line["tokens"]) == len(line["gold"]) == len(line["predicted"]) for line in lines)


THREE = SENTIMENT.label_set(["negative", "neutral", "positive"])
FIVE = NER.label_set(["B-PER", "B-ORG", "B-LOC", "B-DATE", "B-EVENT"])


def of_three(_role, number, one):
    return one | {"label": THREE.classes[number % 3]}


def of_five(_role, number, one):
    """Give every second sentence a type that the paper's corpora lack."""
    return one | {"tags": [tag.replace("PER", ("DATE", "EVENT")[number % 2]) for tag in one["tags"]]}


@pytest.mark.parametrize(("labels", "task", "change"), [(THREE, SENTIMENT, of_three), (FIVE, NER, of_five)])
def test_any_classes_are_trained_and_scored(place, tmp_path, monkeypatch, labels, task, change):
    """The number shown of three classes is macro F1, and it is what chooses the epoch."""
    assert isinstance(labels, LabelSet)
    spec = replace(spec_of("metaxl-L1", task=task.name, epochs=5), labels=labels)
    record = trained(place, tmp_path, monkeypatch, spec, change)
    lines = read_jsonl(tmp_path / "cell" / "predictions.jsonl")
    gold = {label for line in lines for label in line["gold"]}
    assert gold <= set(labels.classes)
    assert {"neutral"} <= gold if task is SENTIMENT else {"B-DATE", "B-EVENT"} <= gold
    dev = [line["dev_f1"] for line in read_jsonl(tmp_path / "cell" / "history.jsonl")]
    assert record["best"]["epoch"] == dev.index(max(dev)) + 1
    assert record["provenance"]["settings"]["labels"]["classes"] == list(labels.classes)
    if task is SENTIMENT:
        assert record["best"]["dev"]["f1"] == record["best"]["dev"]["macro_f1"] == max(dev)
        assert set(record["best"]["test"]["by_type"]) == set(labels.classes)
    else:
        assert list(record["best"]["test"]["by_type"]) == ["PER", "ORG", "LOC", "DATE", "EVENT"]
