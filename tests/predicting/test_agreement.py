"""What `predict` says, what transformers' pipeline says and what was scored on test are the same, word for word."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from kept import keep_cell, written

from metaxl.cli.main import main
from metaxl.data.tags import to_iob2
from metaxl.files import read_jsonl
from metaxl.tasks import entity_spans

KINDS = ("xlm-roberta", "bert", "roberta", "modernbert")  # the last one runs as transformers has it


@pytest.fixture(scope="module", params=[(task, kind) for task in ("ner", "sentiment") for kind in KINDS], ids="-".join)
def kept(request, tmp_path_factory):
    return keep_cell(tmp_path_factory.mktemp("kept"), *request.param)


def scored(kept) -> list[dict]:
    """Return the test predictions that the cell's scores are of."""
    lines = [line for line in read_jsonl(kept.folder / "predictions.jsonl") if line["split"] == "test"]
    assert len({label for line in lines for label in line["predicted"]}) > 1, "nothing was learnt"
    return lines


def answers(kept, tmp_path, capsys, texts: list[str], *options: str) -> list[dict]:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    assert main(["predict", str(kept.folder), str(path), "--format", "json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_predict_says_what_was_scored(kept, tmp_path, capsys):
    """Of sentences as people write them, and of words with spaces between all of them."""
    lines = scored(kept)
    if "text" in lines[0]:
        found = answers(kept, tmp_path, capsys, [line["text"] for line in lines])
        assert [[one["label"]] for one in found] == [line["predicted"] for line in lines]
        return
    as_written = answers(kept, tmp_path, capsys, [written(line["tokens"]) for line in lines])
    apart = answers(kept, tmp_path, capsys, [" ".join(line["tokens"]) for line in lines], "--tokens")
    for found in (as_written, apart):
        assert [one["tokens"] for one in found] == [line["tokens"] for line in lines]
        assert [one["tags"] for one in found] == [to_iob2(line["predicted"], Counter()) for line in lines]


def test_the_pipeline_says_what_was_scored_and_what_predict_says(kept, tmp_path, capsys):
    """Entities by their characters, and how sure the model is of them."""
    from transformers import pipeline

    lines = scored(kept)
    if "text" in lines[0]:
        classify = pipeline("text-classification", model=str(kept.model))
        found = answers(kept, tmp_path, capsys, [line["text"] for line in lines])
        for line, own, other in zip(lines, found, classify([line["text"] for line in lines]), strict=True):
            assert [other["label"]] == line["predicted"] == [own["label"]]
            assert other["score"] == pytest.approx(own["score"], abs=1e-4)
        return
    find = pipeline("token-classification", model=str(kept.model), aggregation_strategy="first")
    texts = [" ".join(line["tokens"]) for line in lines]
    for line, text, own in zip(lines, texts, answers(kept, tmp_path, capsys, texts), strict=True):
        theirs = [(one["entity_group"], one["start"], one["end"], one["score"]) for one in find(text)]
        ours = [(one["type"], one["start"], one["end"], one["score"]) for one in own["entities"]]
        assert [one[:3] for one in ours] == [one[:3] for one in theirs]
        assert [one[3] for one in ours] == pytest.approx([float(one[3]) for one in theirs], abs=1e-4)
        spans = [(kind, first, last) for kind, first, last in entity_spans(line["predicted"], strict=False)]
        assert [(kind, words_before(text, start), words_before(text, end)) for kind, start, end, _ in ours] == spans


def words_before(text: str, place: int) -> int:
    """Return the number of the word, from 0, that a character is of; that after a word counts as of it."""
    return text[:place].count(" ")
