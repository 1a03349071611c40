"""The gathered frame says what seqeval and scikit-learn say of the predictions, or nothing at all."""

from __future__ import annotations

import csv
import json
import logging
import re
import warnings
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import predictions, write_cell

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.files import read_json, write_json, write_jsonl
from metaxl.reporting import rescore
from metaxl.reporting.frame import COLUMNS, gather, read_scores, shown_scores, write_scores
from metaxl.reporting.records import read_predictions, read_record
from metaxl.tasks import TASKS, ner_scores, sentiment_scores

NER = Cell("tiny", "ner", "qu", "en", "metaxl-L2", 11)
SENTIMENT = Cell("tiny", "sentiment", "te", "en", "joint", 11)


tags = st.lists(st.sampled_from(TASKS["ner"].usual), min_size=1, max_size=8)
sentences = st.lists(tags.flatmap(lambda gold: st.tuples(st.just(gold), same_length(gold))), min_size=1, max_size=6)


def same_length(gold: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(TASKS["ner"].usual), min_size=len(gold), max_size=len(gold))


@settings(max_examples=300, deadline=None)
@given(sentences)
def test_our_span_scores_are_seqevals(pairs):
    """Lenient and strict F1, precision and recall agree on any tags, well-formed IOB2 or not."""
    gold, guess = [list(part) for part in zip(*pairs, strict=True)]
    assert ner_scores(gold, guess) == pytest.approx(rescore.ner_scores(gold, guess), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(TASKS["sentiment"].usual)] * 2), min_size=1, max_size=20))
def test_our_sentiment_scores_are_sklearns(pairs):
    """F1 of the positive class, macro F1 and accuracy agree, also where a class is absent."""
    gold, guess = [list(part) for part in zip(*pairs, strict=True)]
    gold, guess = [[label] for label in gold], [[label] for label in guess]
    theirs = rescore.sentiment_scores(gold, guess)
    assert sentiment_scores(gold, guess) == pytest.approx(theirs, abs=1e-12)


def test_scoring_warns_of_nothing():
    """Sentences without an entity are no occasion for a library's warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rescore.ner_scores([["O", "O"]], [["O", "O"]])
        rescore.sentiment_scores([["negative"]], [["negative"]])


def test_frame_is_tidy(tmp_path):
    """One row per cell, checkpoint, split and metric; a cell without a record is absent, not an error."""
    for cell in (NER, SENTIMENT):
        write_cell(tmp_path, cell)
    absent = Cell("tiny", "ner", "gn", "en", "joint", 11)
    frame = gather(tmp_path, [NER, absent, SENTIMENT])
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 2 * 2 * (len(TASKS["ner"].metrics) + len(TASKS["sentiment"].metrics))
    assert not frame.drop(columns=["value", "code"]).duplicated().any()
    assert set(frame["target"]) == {"qu", "te"}


def test_csv_keeps_every_digit_and_every_code(tmp_path):
    """Writing and reading back changes nothing, also for languages called na and nan; rows have one order."""
    cells = [Cell("tiny", "ner", target, "none", "target", 11) for target in ("nan", "na", "null")]
    for cell in cells:
        write_cell(tmp_path, cell, right=0.7)
    path, backwards = tmp_path / "scores.csv", tmp_path / "backwards.csv"
    frame = gather(tmp_path, cells)
    write_scores(frame, path)
    write_scores(gather(tmp_path, cells[::-1]), backwards)
    assert path.read_bytes() == backwards.read_bytes()
    with path.open(newline="") as file:
        again = list(csv.DictReader(file))
    assert [float(row["value"]) for row in again] == frame.sort_values(COLUMNS)["value"].tolist()
    assert {row["target"] for row in again} == {"nan", "na", "null"}
    assert {row["source"] for row in again} == {"none"}
    expected = frame.sort_values(COLUMNS).reset_index(drop=True)
    assert read_scores([path]).equals(expected)
    assert shown_scores(read_scores([path])) == shown_scores(frame)
    assert set(shown_scores(frame)) == set(cells)


def test_empty_frame_is_a_csv_of_its_head(tmp_path):
    """No cells trained yet is a frame without rows."""
    path = tmp_path / "scores.csv"
    write_scores(gather(tmp_path, [NER]), path)
    assert path.read_text() == ",".join(COLUMNS) + "\n"
    assert shown_scores(read_scores([path])) == {}


@pytest.mark.parametrize("content", [None, "", "encoder,task\ntiny,ner\n", "not a table"])
def test_a_file_that_holds_no_scores_is_named(tmp_path, content):
    path = tmp_path / "scores.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"scores\.csv: expected a table of scores"):
        read_scores([path])


def test_frames_of_several_groups_join_to_the_frame_of_all_cells(tmp_path):
    for cell in (NER, SENTIMENT):
        write_cell(tmp_path, cell)
        write_scores(gather(tmp_path, [cell]), tmp_path / f"{cell.task}.csv")
    write_scores(read_scores([tmp_path / "sentiment.csv", tmp_path / "ner.csv"]), tmp_path / "joined.csv")
    write_scores(gather(tmp_path, [NER, SENTIMENT]), tmp_path / "all.csv")
    assert (tmp_path / "joined.csv").read_bytes() == (tmp_path / "all.csv").read_bytes()


def test_tampered_score_is_caught(tmp_path):
    """A score that its predictions do not give is refused with both numbers and the file."""
    path = write_cell(tmp_path, NER) / "scores.json"
    record = read_json(path)
    true = record["best"]["test"]["f1"]
    record["best"]["test"]["f1"] = 0.987654
    write_json(path, record)
    with pytest.raises(DataError) as caught:
        gather(tmp_path, [NER])
    for part in (str(path.parent), repr(true), "0.987654", "test f1"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("best"), '"best" lacks its "epoch"'),
        (lambda record: record["last"]["dev"].pop("f1"), "last.dev.f1 is None"),
        (lambda record: record["best"]["dev"].update(f1=float("nan")), "best.dev.f1 is nan"),
        (lambda record: record["best"]["test"].update(f1=88.68), "best.test.f1 is 88.68"),
        (lambda record: record["cell"].update(seed=12), "moved here"),
        (lambda record: record.pop("provenance"), "provenance.code"),
    ],
)
def test_malformed_record_is_named(tmp_path, change, said):
    """A record without what a frame needs is an error with its path and the place in it."""
    path = write_cell(tmp_path, NER) / "scores.json"
    record = read_json(path)
    change(record)
    write_json(path, record)
    with pytest.raises(DataError) as caught:
        read_record(tmp_path, NER)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_torn_files_are_named(tmp_path):
    """Half a file is an error with its path, whichever of the two it is."""
    folder = write_cell(tmp_path, NER)
    for name in ("predictions.jsonl", "scores.json"):
        whole = (folder / name).read_text()
        (folder / name).write_text(whole[: len(whole) // 2])
        with pytest.raises(DataError, match=re.escape(name)):
            gather(tmp_path, [NER])
        (folder / name).write_text(whole)
    (folder / "predictions.jsonl").unlink()
    with pytest.raises(DataError, match=r"predictions\.jsonl"):
        gather(tmp_path, [NER])


@pytest.mark.parametrize(
    "line",
    [
        {"split": "train", "id": "a", "gold": ["O"], "predicted": ["O"]},
        {"split": "dev", "gold": ["O"], "predicted": ["O"]},
        {"split": "dev", "id": "a", "gold": ["O", "O"], "predicted": ["O"]},
        {"split": "dev", "id": "a", "gold": [1], "predicted": ["O"]},
        ["dev", "a"],
    ],
)
def test_malformed_prediction_is_named_with_its_line(tmp_path, line):
    """What is no prediction is refused with file and line."""
    good = {"split": "test", "id": "a", "gold": ["O"], "predicted": ["O"]}
    path = tmp_path / "predictions.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps(line) + "\n")
    with pytest.raises(DataError, match=r"predictions\.jsonl:2"):
        read_predictions(path, TASKS["ner"])


def test_an_id_stands_once_and_both_splits_are_there(tmp_path):
    """Sentences pair by id, so an id that stands twice in a split is refused, and so is a file without dev."""
    path = tmp_path / "predictions.jsonl"
    line = {"split": "test", "id": "a", "gold": ["O"], "predicted": ["O"]}
    write_jsonl(path, [line])
    with pytest.raises(DataError, match="no dev predictions"):
        read_predictions(path, TASKS["ner"])
    write_jsonl(path, [{**line, "split": "dev"}, line, line])
    with pytest.raises(DataError, match="'a' stands there 2 times"):
        read_predictions(path, TASKS["ner"])


def test_a_review_has_one_label(tmp_path):
    """A second or unknown label of a review is refused before scikit-learn sees it."""
    folder = write_cell(tmp_path, SENTIMENT)
    lines = predictions("sentiment", 0.8, seed=11)
    lines[3]["predicted"] = ["neutral"]
    write_jsonl(folder / "predictions.jsonl", lines)
    with pytest.raises(DataError, match="negative or positive"):
        gather(tmp_path, [SENTIMENT])


def test_mixed_code_is_counted(tmp_path, caplog):
    """Cells of an encoder and method that several versions of the code trained are read with a warning."""
    codes = {NER: "old", replace(NER, seed=12): "new", replace(NER, seed=13): "new", SENTIMENT: "other method"}
    paths = []
    for number, (cell, code) in enumerate(codes.items()):
        write_cell(tmp_path, cell, code=code)
        paths.append(tmp_path / f"{number}.csv")
        write_scores(gather(tmp_path, [cell]), paths[-1])
    with caplog.at_level(logging.WARNING):
        read_scores([paths[0], paths[3]])
        assert not caplog.records
        read_scores(paths)
    assert "tiny, metaxl-L2: 3 cells were trained by 2 versions of the code: 2 by new, 1 by old." in caplog.text
    assert len(caplog.records) == 1
