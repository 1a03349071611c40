"""The gathered frame says what seqeval and scikit-learn say of the predictions, or nothing at all."""

from __future__ import annotations

import csv
import json
import logging
import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from damage import DAMAGES, damage
from hypothesis import given, settings
from hypothesis import strategies as st
from records import expected_of, gathered, golden, predictions, usual_labels, write_cell
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities
from sklearn.metrics import precision_recall_fscore_support
from trap import trapped

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.files import read_json, read_jsonl, write_json, write_jsonl
from metaxl.reporting.frame import COLUMNS, gather, mixed_code, read_scores, shown_scores, write_scores
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.records import read_predictions, read_record
from metaxl.reporting.rescore import library_scores, scores_by_type
from metaxl.reporting.statistics.counts import sentence_counts
from metaxl.reporting.truth import check_truth
from metaxl.tasks import TASKS, LabelSet, ner_scores

NER = Cell("tiny", "ner", "qu", "en", "metaxl-L2", 11)
SENTIMENT = Cell("tiny", "sentiment", "te", "en", "joint", 11)


tags = st.lists(st.sampled_from(TASKS["ner"].usual), min_size=1, max_size=8)
sentences = st.lists(tags.flatmap(lambda gold: st.tuples(st.just(gold), same_length(gold))), min_size=1, max_size=6)
TYPES = TASKS["ner"].label_set(TASKS["ner"].usual)
KINDS = ("bad", "fair", "good", "very good")


def same_length(gold: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(TASKS["ner"].usual), min_size=len(gold), max_size=len(gold))


def same(ours, theirs):
    """Tell whether two sets of scores agree, each None exactly where the other is."""
    assert ours.keys() == theirs.keys()
    undefined = {name for name, value in ours.items() if value is None}
    assert undefined == {name for name, value in theirs.items() if value is None}
    rest = [name for name in ours if name not in undefined]
    return [ours[name] for name in rest] == pytest.approx([theirs[name] for name in rest], abs=1e-12)


def seqevals(gold, guess):
    """Return what seqeval's own functions say; None where they take a mean over nothing."""
    known = {
        "f1": f1_score(gold, guess, zero_division=0),
        "precision": precision_score(gold, guess, zero_division=0),
        "recall": recall_score(gold, guess, zero_division=0),
        "strict_f1": f1_score(gold, guess, mode="strict", scheme=IOB2, zero_division=0),
    }
    lenient, strict = any(get_entities(tags) for tags in gold), any(Entities([tags], IOB2).entities[0] for tags in gold)
    return {name: value if (strict if name == "strict_f1" else lenient) else None for name, value in known.items()}


def predictions_of(gold, guess):
    return [Prediction(f"s{number}", *pair) for number, pair in enumerate(zip(gold, guess, strict=True))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # seqeval takes means over no types
@settings(max_examples=300, deadline=None)
@given(sentences)
def test_our_span_scores_are_seqevals(pairs):
    """F1, strict F1, precision and recall agree on any tags, well-formed IOB2 or not; so do those of the rescoring."""
    gold, guess = [list(part) for part in zip(*pairs, strict=True)]
    expected = seqevals(gold, guess)
    assert same(ner_scores(gold, guess), expected)
    assert same(library_scores("ner", TYPES, predictions_of(gold, guess)), expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # seqeval takes means over no types
@settings(max_examples=100, deadline=None)
@given(sentences)
def test_our_scores_of_each_type_are_seqevals(pairs):
    gold, guess = [list(part) for part in zip(*pairs, strict=True)]
    theirs = classification_report(gold, guess, output_dict=True, zero_division=0)
    by_type = TASKS["ner"].score_by_type(TYPES, gold, guess)
    assert scores_by_type("ner", TYPES, predictions_of(gold, guess)) == by_type
    for kind, ours in by_type.items():
        row = theirs.get(kind, {"support": 0})
        assert ours["support"] == row["support"]
        if ours["support"]:
            assert (ours["precision"], ours["recall"], ours["f1"]) == pytest.approx(
                (row["precision"], row["recall"], row["f1-score"]), abs=1e-12
            )
        else:
            assert (ours["precision"], ours["recall"], ours["f1"]) == (None, None, None)


def texts_of(number):
    """Return pairs of gold and predicted class, of the first `number` classes; and the classes, with a positive one."""
    classes = KINDS[:number]
    pairs = st.lists(st.tuples(*[st.sampled_from(classes)] * 2), min_size=1, max_size=20)
    return st.tuples(st.just(LabelSet(classes, "bad" if number == 2 else "")), pairs)


@settings(deadline=None)
@given(st.integers(2, len(KINDS)).flatmap(texts_of))
def test_our_class_scores_are_sklearns(drawn):
    """F1 of the positive class or macro F1, accuracy, and the scores of each class, also where one is absent."""
    labels, pairs = drawn
    gold, guess = [[a] for a, _ in pairs], [[b] for _, b in pairs]
    task = TASKS["sentiment"]
    assert same(task.score(labels, gold, guess), library_scores("sentiment", labels, predictions_of(gold, guess)))
    true, predicted = [a for a, _ in pairs], [b for _, b in pairs]
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=labels.classes, zero_division=0
    )
    for number, ours in enumerate(task.score_by_type(labels, gold, guess).values()):
        theirs = (precision[number], recall[number], f1[number])
        assert ours["support"] == support[number]
        assert [ours[name] for name in ("precision", "recall", "f1")] == (
            pytest.approx(theirs) if support[number] else [None] * 3
        )


def test_scoring_warns_of_nothing():
    """Sentences without an entity are no occasion for a library's warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        library_scores("ner", TYPES, predictions_of([["O", "O"]], [["O", "O"]]))
        library_scores("sentiment", usual_labels("sentiment"), predictions_of([["negative"]], [["negative"]]))


def test_frame_is_tidy(tmp_path):
    """One row per cell, split and metric of the best epoch; a cell without a record is absent, not an error."""
    for cell in (NER, SENTIMENT):
        write_cell(tmp_path, cell)
    absent = Cell("tiny", "ner", "gn", "en", "joint", 11)
    frame = gathered(tmp_path, [NER, absent, SENTIMENT])
    assert list(frame.columns) == COLUMNS
    of_types = [4 * 3, 4 * 2]  # precision, recall, F1 and support of three types and two classes
    metrics = [len(TASKS[name].metrics) for name in ("ner", "sentiment")]
    assert len(frame) == 2 * sum([*metrics, *of_types])
    assert {metric for metric in frame["metric"] if ":LOC" in metric} == {
        "precision:LOC",
        "recall:LOC",
        "f1:LOC",
        "support:LOC",
    }
    assert set(frame["differs"]) == {""}
    assert set(frame["chosen_by"]) == {"dev"}
    assert set(frame["checkpoint"]) == {"best"}, "of the last epoch nobody could check the scores on test"
    assert not frame.drop(columns=["value", "code"]).duplicated().any()
    assert set(frame["target"]) == {"qu", "te"}


def test_csv_keeps_every_digit_and_every_code(tmp_path):
    """Writing and reading back changes nothing, also for languages called na and nan; rows have one order."""
    cells = [Cell("tiny", "ner", target, "none", "target", 11) for target in ("nan", "na", "null")]
    for cell in cells:
        write_cell(tmp_path, cell, right=0.7)
    path, backwards = tmp_path / "scores.csv", tmp_path / "backwards.csv"
    frame = gathered(tmp_path, cells)
    write_scores(frame, path)
    write_scores(gathered(tmp_path, cells[::-1]), backwards)
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
    write_scores(gathered(tmp_path, [NER]), path)
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
        write_scores(gathered(tmp_path, [cell]), tmp_path / f"{cell.task}.csv")
    write_scores(read_scores([tmp_path / "sentiment.csv", tmp_path / "ner.csv"]), tmp_path / "joined.csv")
    write_scores(gathered(tmp_path, [NER, SENTIMENT]), tmp_path / "all.csv")
    assert (tmp_path / "joined.csv").read_bytes() == (tmp_path / "all.csv").read_bytes()


def test_tampered_score_is_caught(tmp_path):
    """A score that its predictions do not give is refused with both numbers and the file."""
    path = write_cell(tmp_path, NER) / "scores.json"
    record = read_json(path)
    true = record["best"]["test"]["f1"]
    record["best"]["test"]["f1"] = 0.987654
    write_json(path, record)
    with pytest.raises(DataError) as caught:
        gathered(tmp_path, [NER])
    for part in (str(path.parent), repr(true), "0.987654", "test f1"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record, rows: record["last"]["dev"].update(f1=0.99), "last.dev.f1 of these epochs is "),
        (lambda record, rows: record["last"]["dev"].update(recall=None), "last.dev.recall of these epochs is "),
        (lambda record, rows: record["last"].update(epoch=6), "last.epoch of these epochs is 5, but"),
        (lambda record, rows: record["best"].update(epoch=2), "best.epoch of these epochs is 3, but"),
        (lambda record, rows: record["best"].update(epoch=5, chosen_by="none"), "best.epoch of these epochs is 3, but"),
        (lambda record, rows: record.update(steps=11), "steps of these epochs is 10, but"),
        (lambda record, rows: record.update(last_fall=0.5), "last_fall of these epochs is 0.0, but"),
        (lambda record, rows: record.update(last_fall=None), "last_fall of these epochs is 0.0, but"),
        (lambda record, rows: rows[2].update(dev_f1=0.0), "best.epoch of these epochs is 5, but"),
        (lambda record, rows: rows[1].update(dev_f1=0.99), "best.epoch of these epochs is 2, but"),
        (lambda record, rows: [row.update(dev_f1=0.0) for row in rows], "best.epoch of these epochs is 5, but"),
        (lambda record, rows: rows[2].update(dev_precision=0.99), "best.dev.precision of these epochs is 0.99, but"),
        (lambda record, rows: rows.pop(), "last.epoch of these epochs is 4, but"),
        (lambda record, rows: rows.pop(1), "history.jsonl:2: expected epoch 2 with dev_f1,"),
        (lambda record, rows: rows[3].pop("dev_strict_f1"), "history.jsonl:4: expected epoch 4 with dev_f1,"),
        (lambda record, rows: rows[3].pop("loss"), "and a training loss"),
        (lambda record, rows: rows.clear(), "no epochs"),
    ],
)
def test_a_record_is_held_to_its_history(tmp_path, change, said):
    """Which epoch is the best, what it and the last one scored on dev, how many steps there were, and how loss fell."""
    folder = write_cell(tmp_path, NER)
    record, rows = read_json(folder / "scores.json"), read_jsonl(folder / "history.jsonl")
    change(record, rows)
    write_json(folder / "scores.json", record)
    write_jsonl(folder / "history.jsonl", rows)
    with pytest.raises(DataError) as caught:
        gathered(tmp_path, [NER])
    assert str(folder / "history.jsonl") in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("best"), '"best" lacks its "epoch"'),
        (lambda record: record["last"]["dev"].pop("f1"), "last.dev.f1 is 'absent'"),
        (lambda record: record["last"]["test"].update(f1=True), "last.test.f1 is True"),
        (lambda record: record["last"]["test"].update(f1=1.5), "last.test.f1 is 1.5"),
        (lambda record: record["last"]["test"].pop("by_type"), "last.test.by_type"),
        (lambda record: record["last"]["test"]["by_type"]["PER"].update(f1=7), "last.test.by_type.PER.f1 is 7"),
        (lambda record: record["last"]["test"]["by_type"]["PER"].update(support=-1), "by_type.PER.support is -1"),
        (lambda record: record["best"].update(epoch=6), "best.epoch is 6, expected one from 1 to the last, 5"),
        (lambda record: record["best"].update(epoch=0), "best.epoch is 0, expected one from 1 to the last, 5"),
        (lambda record: record["best"].update(chosen_by="me"), "best.chosen_by is 'me'"),
        (lambda record: record["best"].update(chosen_by="none"), "best.epoch is 3, not the last"),
        (lambda record: (record["best"].update(epoch=5), record["last"]["test"].update(f1=0.1)), "of one epoch"),
        (lambda record: record["best"]["dev"].update(f1=float("nan")), "best.dev.f1 is nan"),
        (lambda record: record["best"]["test"].update(f1=88.68), "best.test.f1 is 88.68"),
        (lambda record: record["cell"].update(seed=12), "moved here"),
        (lambda record: record.pop("provenance"), "provenance.code"),
        (lambda record: record["provenance"].pop("settings"), "provenance.settings"),
        (lambda record: record["provenance"]["settings"].pop("labels"), "provenance.settings.labels"),
        (lambda record: record["provenance"].pop("data"), "provenance.data"),
        (lambda record: record["provenance"].update(libraries="torch"), "provenance.libraries"),
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
    """Half a file is an error with its path, whichever of the three it is."""
    folder = write_cell(tmp_path, NER)
    for name in ("predictions.jsonl", "history.jsonl", "scores.json"):
        whole = (folder / name).read_text()
        (folder / name).write_text(whole[: len(whole) // 2])
        with pytest.raises(DataError, match=re.escape(name)):
            gathered(tmp_path, [NER])
        (folder / name).write_text(whole)
    (folder / "predictions.jsonl").unlink()
    with pytest.raises(DataError, match=r"predictions\.jsonl"):
        gathered(tmp_path, [NER])


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
        read_predictions(path, TASKS["ner"], TYPES)


def test_one_label_that_the_task_does_not_have_is_named_among_many_lines(tmp_path):
    path = tmp_path / "predictions.jsonl"
    lines = [
        {"split": split, "id": f"{n}", "gold": ["O"], "predicted": ["O"]} for split in ("dev", "test") for n in (1, 2)
    ]
    lines[2]["predicted"] = ["B-ANIMAL"]
    write_jsonl(path, lines)
    with pytest.raises(DataError, match=r"predictions\.jsonl:3: '1' must have "):
        read_predictions(path, TASKS["ner"], TYPES)


def test_sums_of_entities_have_no_bound():
    """Of a sentence, and of all of them."""
    many = [("B-PER", "O") * 70_000, ("B-PER", "O") * 300]
    one = [Prediction("a", many[0], many[0]), *(Prediction(str(n), many[1], ("O",) * 600) for n in range(300))]
    right, missed = 70_000, 90_000
    scores = library_scores("ner", TYPES, one)
    assert scores["recall"] == pytest.approx(right / (right + missed), abs=1e-12)
    assert sentence_counts("ner", TYPES, one).sum(axis=0).tolist() == [right, 0, missed]


def test_an_id_stands_once_and_both_splits_are_there(tmp_path):
    """Sentences pair by id, so an id that stands twice in a split is refused, and so is a file without dev."""
    path = tmp_path / "predictions.jsonl"
    line = {"split": "test", "id": "a", "gold": ["O"], "predicted": ["O"]}
    write_jsonl(path, [line])
    with pytest.raises(DataError, match="no dev predictions"):
        read_predictions(path, TASKS["ner"], TYPES)
    write_jsonl(path, [{**line, "split": "dev"}, line, line])
    with pytest.raises(DataError, match="'a' stands there 2 times"):
        read_predictions(path, TASKS["ner"], TYPES)


def test_a_review_has_one_label(tmp_path):
    """A second or unknown label of a review is refused before scikit-learn sees it."""
    folder = write_cell(tmp_path, SENTIMENT)
    labels = usual_labels("sentiment")
    lines = predictions(labels, 0.8, seed=11, gold=golden("sentiment", labels))
    lines[3]["predicted"] = ["neutral"]
    write_jsonl(folder / "predictions.jsonl", lines)
    with pytest.raises(DataError, match="negative or positive"):
        gathered(tmp_path, [SENTIMENT])


def test_mixed_code_is_counted(tmp_path):
    """Cells of an encoder and method that several versions of the code trained are told; other methods' do not mix."""
    codes = {NER: "old", replace(NER, seed=12): "new", replace(NER, seed=13): "new", SENTIMENT: "other method"}
    for cell, code in codes.items():
        write_cell(tmp_path, cell, code=code)
    assert mixed_code(gathered(tmp_path, [NER, SENTIMENT], others="accept")) == []
    assert mixed_code(gathered(tmp_path, codes, others="accept")) == [
        "tiny, metaxl-L2: 3 cells by 2 versions of the code (2 by new, 1 by old)"
    ]


def test_a_folder_in_place_of_a_record_is_no_absent_record(tmp_path):
    (tmp_path / NER.path / "scores.json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"scores\.json"):
        gathered(tmp_path, [NER])


OTHERS = {
    "training.epochs": lambda made: made["settings"]["training"].update(epochs=4),
    "method.gate": lambda made: made["settings"]["method"].update(gate="none"),
    "recipe.step": lambda made: made["settings"]["recipe"].update(step="other:step"),
    "recipe.placement": lambda made: made["settings"]["recipe"].update(placement=[9]),
    "recipe.more": lambda made: made["settings"]["recipe"].update(more=1),
    "spec": lambda made: made.update(spec="another"),
    "data.train": lambda made: made["data"].update(train="another"),
    "data.dev": lambda made: made["data"].update(dev="another"),
    "data.test": lambda made: made["data"].update(test="another"),
    "data.source": lambda made: made["data"].update(source="another"),
    "encoder": lambda made: made.update(encoder="another"),
    "code": lambda made: made.update(code="another"),
}
VALUES = {
    "training.epochs": ("5", "4"),
    "method.gate": ("'token'", "'none'"),
    "recipe.step": ("'metaxl.method.steps:metaxl_step'", "'other:step'"),
    "recipe.placement": ("[2]", "[9]"),
    "recipe.more": ("None", "1"),
}


@pytest.mark.parametrize("key", OTHERS)
def test_a_record_of_another_making_is_refused_or_accepted_as_asked(tmp_path, caplog, key):
    """The refusal names cell, key, both values and the switch; accepted, it is shown with one warning and its key."""
    path = write_cell(tmp_path, NER) / "scores.json"
    record = read_json(path)
    OTHERS[key](record["provenance"])
    write_json(path, record)
    with pytest.raises(DataError) as caught:
        gathered(tmp_path, [NER])
    own, theirs = VALUES.get(key, ("", "another"))
    for part in (str(path), f"{key} is {own}", f" in the plan and {theirs} in the record", "other_records: accept"):
        assert part in str(caught.value)
    with caplog.at_level(logging.WARNING):
        frame = gathered(tmp_path, [NER], others="accept")
    assert set(frame["differs"]) == {key}
    assert len(caplog.records) == 1
    assert key in caplog.text


def test_a_record_of_other_classes_is_refused_or_scored_by_its_own(tmp_path):
    """What one cell calls DATE another may not know."""
    dated = TASKS["ner"].label_set([*TASKS["ner"].usual, "B-DATE"])
    path = write_cell(tmp_path, NER, labels=dated) / "scores.json"
    with pytest.raises(DataError, match=r"labels\.classes is .*'I-LOC'\] in the plan and .*'B-DATE', 'I-DATE'\] in"):
        gathered(tmp_path, [NER])
    frame = gathered(tmp_path, [NER], others="accept")
    assert "f1:DATE" in set(frame["metric"])
    assert shown_scores(frame)[NER] == read_json(path)["best"]["test"]["f1"]
    assert not gather(tmp_path, [expected_of(tmp_path, NER, dated)])["differs"].any()


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("change", ["left out", "invented", "exchanged", "renamed"])
def test_predictions_are_of_the_data_that_the_record_names(tmp_path, split, change):
    """Sentences left out, ids exchanged, types renamed in gold and predicted alike: scores may agree, data do not."""
    gold = golden("ner", TYPES)
    gold[split] = [["O"] * 6, *gold[split][1:]]
    folder = write_cell(tmp_path, NER, gold=gold)
    lines = predictions(TYPES, 0.8, seed=NER.seed, gold=gold)
    places = [place for place, line in enumerate(lines) if line["split"] == split]
    first, second = lines[places[0]], lines[places[1]]
    match change:
        case "left out":
            lines.remove(first)
        case "invented":
            lines.append(first | {"id": "s99"})
        case "exchanged":
            first["id"], second["id"] = second["id"], first["id"]
        case "renamed":
            swapped = {"B-LOC": "B-ORG", "I-LOC": "I-ORG", "B-ORG": "B-LOC", "I-ORG": "I-LOC"}
            for line in lines:
                for key in ("gold", "predicted"):
                    line[key] = [swapped.get(label, label) for label in line[key]]
    write_jsonl(folder / "predictions.jsonl", lines)
    with pytest.raises(DataError, match=r"predictions\.jsonl: .*(stand either here or|the gold labels of)"):
        gathered(tmp_path, [NER])


@pytest.mark.parametrize("kind", [*DAMAGES, "gold", "word_starts", "names"])
def test_encoded_data_that_are_damaged_or_pickled_are_named(tmp_path, kind):
    """What predictions are held to; a pickle in place of an array is never read."""
    path, sign = tmp_path / "test.npz", tmp_path / "read"
    arrays = {"gold": np.array([0, 1]), "word_starts": np.array([0, 2]), "names": np.array(["s0"])}
    np.savez(path, **arrays)
    check_truth(tmp_path / "same", [Prediction("s0", list(TYPES.classes[:2]), [])], path, TYPES)
    path = path.rename(tmp_path / "other.npz")
    if kind in arrays:
        np.savez(path, **arrays | {kind: trapped(sign)})
    else:
        damage(path, kind)
    with pytest.raises(DataError, match=r"other\.npz: no encoded data of these classes"):
        check_truth(tmp_path / "predictions.jsonl", [], path, TYPES)
    assert not sign.exists()


def fold(number, **changes):
    return replace(NER, target=f"qu-fold{number}", **changes)


def test_folds_are_scored_together(tmp_path):
    """A cross-validated target's score is that of all folds' predictions, no mean; with one absent there is none."""
    cells = [fold(1), fold(2), fold(3)]
    drawn = golden("ner", TYPES)
    every = {"dev": [], "test": []}
    for number, cell in enumerate(cells):
        part = {split: examples[number * 9 : number * 9 + 3 + number] for split, examples in drawn.items()}
        write_cell(tmp_path, cell, right=(0.2, 0.6, 0.9)[number], gold=part, chosen_by="none" if number == 1 else "dev")
        for line in map(json.loads, (tmp_path / cell.path / "predictions.jsonl").read_text().splitlines()):
            every[line["split"]].append((line["gold"], line["predicted"]))
    frame = gathered(tmp_path, cells)
    shown = shown_scores(frame)
    assert shown[NER] == library_scores("ner", TYPES, predictions_of(*zip(*every["test"], strict=True)))["f1"]
    assert shown[NER] != pytest.approx(sum(shown[cell] for cell in cells) / 3)
    assert set(shown) == {NER, *cells}
    pooled = frame[(frame["target"] == "qu")]
    assert set(pooled["chosen_by"]) == {"none"}
    assert set(pooled["checkpoint"]) == {"best"}
    assert mixed_code(frame) == []
    (tmp_path / fold(2).path / "scores.json").unlink()
    assert set(shown_scores(gathered(tmp_path, cells))) == {fold(1), fold(3)}


def test_what_is_not_defined_goes_through_frame_and_file_as_such(tmp_path):
    """A test set without an entity has no F1: an empty place in the file, NaN in the frame, never 0."""
    write_cell(tmp_path, NER, gold={"dev": [["O", "B-PER"]] * 3, "test": [["O", "O"]] * 3})
    frame = gathered(tmp_path, [NER])
    path = tmp_path / "scores.csv"
    write_scores(frame, path)
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test" and row["checkpoint"] == "best"]
    assert {row["metric"]: row["value"] for row in rows if ":" not in row["metric"]} == dict.fromkeys(
        TASKS["ner"].metrics, ""
    )
    assert {row["value"] for row in rows if row["metric"].startswith("support:")} == {"0.0"}
    for one in (frame, read_scores([path])):
        assert math.isnan(shown_scores(one)[NER])
