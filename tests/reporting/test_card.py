"""A kept model's card says what the model is, how well it does and how it is used, as the hub reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard
from kept import keep_cell

from metaxl.data.learn_splitter import learn_splitter
from metaxl.files import read_json, write_json
from metaxl.reporting.card.about import about_model
from metaxl.reporting.card.scores import ALL, scores_with_intervals
from metaxl.reporting.card.write import write_card
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.statistics.estimate import estimate
from metaxl.tasks import TASKS

RECORD = "cell.json"
HUB = {"hub": "FacebookAI/xlm-roberta-base", "revision": "0123456789abcdef"}


@pytest.fixture(scope="module", params=["ner", "sentiment"])
def kept(request, tmp_path_factory):
    return keep_cell(tmp_path_factory.mktemp("kept"), request.param, "xlm-roberta")


def data_file(kept, language, part, corpus, folder=""):
    drawn = 12 if part == "source" else 0
    return {"task": kept.spec.cell.task, "language": language, "part": part, "drawn": drawn, "corpus": corpus} | {
        "folder": folder,
        "limit": 32,
        "encoders": ["tiny"],
    }


def card_of(kept, tmp_path, corpora=("synthetic", "synthetic"), encoder=HUB, spec=None):
    """Write the card; return its metadata and its text."""
    target, source = corpora
    files = [data_file(kept, "qu", part, target, "/home/me") for part in ("train", "dev", "test")]
    files += [data_file(kept, "en", "source", source), data_file(kept, "gn", "train", "wikiann")]
    write_json(tmp_path / "data.json", {"files": files, "encoders": {"tiny": encoder}})
    about = about_model(spec or kept.spec, kept.files, kept.model, RECORD, tmp_path / "data.json")
    has_words = about.task.has_words
    splitter = learn_splitter(record["tokens"] for record in kept.records["train"]) if has_words else None
    write_card(about, splitter, kept.model, RECORD, kept.folder)
    card = ModelCard.load(kept.model / "README.md")
    assert card.text.count("{{") == 0
    return card.data, card.text


def test_the_hub_reads_its_scores_and_what_it_is_of(kept, tmp_path):
    data, _ = card_of(kept, tmp_path, ("wikiann", "files"))
    record = read_json(kept.model / RECORD)["best"]["test"]
    scores = {result.metric_name: result.metric_value for result in data.eval_results}
    assert scores["F1"] == round(record["f1"], 4)
    assert len(scores) == len(TASKS[kept.spec.cell.task].metrics)
    assert data.pipeline_tag == {"ner": "token-classification", "sentiment": "text-classification"}[kept.spec.cell.task]
    assert data.language == "qu"
    assert data.datasets == ["unimelb-nlp/wikiann"]
    assert data.base_model == "FacebookAI/xlm-roberta-base"
    assert {result.dataset_split for result in data.eval_results} == {"test"}


def test_a_reader_finds_languages_data_method_seed_and_use(kept, tmp_path):
    _, text = card_of(kept, tmp_path, ("wikiann", "files"))
    for said in (
        *(
            "Quechua (`qu`), 30 ",
            "English (`en`), 12 ",
            "| Method | joint training |",
            "| Seed | 1 |",
            "metaxl predict THIS-FOLDER",
        ),
        *("for ner qu" if kept.spec.cell.task == "ner" else "for sentiment qu", "Licence: MIT", "your own files"),
    ):
        assert said in text, said
    assert ('aggregation_strategy="first"' in text) == (kept.spec.cell.task == "ner")
    assert "/home/me" not in text
    assert "Guarani" not in text


def test_invented_languages_are_said_to_be_so(kept, tmp_path):
    data, text = card_of(kept, tmp_path)
    assert data.language is None
    assert "**The language is invented.**" in text
    assert "Quechua" not in text


def test_each_type_has_its_scores_with_intervals(kept, tmp_path):
    _, text = card_of(kept, tmp_path)
    for kind, about in read_json(kept.model / RECORD)["best"]["test"]["by_type"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {kind} | "))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1].split(" [")[0] == ("–" if about["f1"] is None else f"{100 * about['f1']:.1f}")
        assert cells[4] == str(about["support"])
    assert "| all | " in text


def test_how_words_were_split_is_said(kept, tmp_path):
    _, text = card_of(kept, tmp_path)
    assert ("## How words were split\n\nCut off from their word: `, .`" in text) == (kept.spec.cell.task == "ner")


def test_a_model_that_was_trained_otherwise_than_its_record_has_no_intervals(kept, tmp_path):
    """The predictions beside the record are then not its own; why it differs is told."""
    record = read_json(kept.model / RECORD)
    other = record | {"best": record["best"] | {"epoch": 99}, "notes": ["rounded *otherwise*"]}
    write_json(kept.model / RECORD, other)
    try:
        _, text = card_of(kept, tmp_path)
    finally:
        write_json(kept.model / RECORD, record)
    assert "so there are no intervals" in text
    assert " [" not in text.split("## Scores")[1].split("In percent")[0]
    assert r"rounded \*otherwise\*" in text


def test_a_fold_says_that_it_is_one(kept, tmp_path):
    folded = replace(kept.spec, cell=replace(kept.spec.cell, target="qu-fold2"))
    _, text = card_of(kept, tmp_path, ("wikiann", "wikiann"), spec=folded)
    assert "Quechua (`qu`), 30 " in text
    assert "fold 2 of its cross-validation" in text


def test_a_model_that_saw_nothing_of_the_target_says_so(kept, tmp_path):
    _, text = card_of(kept, tmp_path)
    assert "learnt from 30 " in text
    recipe = replace(kept.spec.recipe, takes=("source",))
    _, text = card_of(kept, tmp_path, spec=replace(kept.spec, recipe=recipe))
    assert "It has seen no labelled text of the target." in text
    assert "learnt from" not in text


def test_labels_of_a_user_are_no_markup(kept, tmp_path):
    """Nor does what looks like a template in them become one."""
    write_json(tmp_path / "data.json", {"files": [], "encoders": {}})
    about = about_model(kept.spec, kept.files, kept.model, RECORD, tmp_path / "data.json")
    about = replace(about, notes=("{{ 7 * 7 }} | *x*",))
    write_card(about, None, kept.model, RECORD, kept.folder)
    text = (kept.model / "README.md").read_text()
    assert r"{{ 7 \* 7 }} \| \*x\*" in text
    assert "The experiment lists neither the model's data nor its encoder." in text
    assert yaml.safe_load(text.split("---\n")[1])["library_name"] == "transformers"


def test_intervals_are_those_of_the_sentences_influences():
    """By hand: the F1 of a ratio, with the spread of its linearised terms."""
    task, labels = TASKS["sentiment"], TASKS["sentiment"].label_set(["a", "b"], "a")
    pairs = [("a", "a")] * 30 + [("a", "b")] * 10 + [("b", "a")] * 5 + [("b", "b")] * 55
    predictions = [Prediction(str(n), [gold], [guess]) for n, (gold, guess) in enumerate(pairs)]
    gold, guess = ([[label] for label in side] for side in zip(*pairs, strict=True))
    test = {"f1": 2 * 30 / (60 + 15), "by_type": task.score_by_type(labels, gold, guess)}
    whole, of_a, of_b = scores_with_intervals(task, labels, test, predictions)
    f1, weight = 0.8, 75
    counts = [(1, 0)] * 30 + [(0, 1)] * 15 + [(0, 0)] * 55  # right and wrong of "a"
    terms = [100 * 100 * (2 * right - f1 * (2 * right + wrong)) / weight for right, wrong in counts]
    spread = sum(term**2 for term in terms) / 99
    expected = estimate(80.0, (spread / 100) ** 0.5, 99)
    assert whole.kind == ALL
    assert (whole.found.low, whole.found.high) == pytest.approx((expected.low, expected.high))
    assert of_a.found == whole.found
    assert of_b.found.mean == pytest.approx(100 * of_b.f1)


def test_the_interval_of_a_type_is_about_that_type():
    """Its middle is the score of it that the record has, whatever stands beside it in a sentence."""
    task, labels = TASKS["ner"], TASKS["ner"].label_set(["B-PER", "B-LOC"])
    gold = [["B-PER", "I-PER", "B-LOC"], ["B-LOC", "O", "B-PER"], ["B-PER", "B-LOC", "I-LOC"]] * 5
    guess = [["B-PER", "I-LOC", "B-LOC"], ["B-LOC", "O", "O"], ["O", "B-LOC", "I-PER"], *gold[3:]]
    predictions = [Prediction(str(n), *pair) for n, pair in enumerate(zip(gold, guess, strict=True))]
    test = task.score(labels, gold, guess) | {"by_type": task.score_by_type(labels, gold, guess)}
    found = scores_with_intervals(task, labels, test, predictions)
    assert [score.kind for score in found] == [ALL, "PER", "LOC"]
    assert [score.found.mean for score in found] == pytest.approx([100 * score.f1 for score in found])
    assert found[1].f1 != found[2].f1


def test_a_score_that_says_nothing_has_no_interval():
    task, labels = TASKS["ner"], TASKS["ner"].label_set(["B-PER"])
    predictions = [Prediction("1", ["B-PER"], ["B-PER"]), Prediction("2", ["O"], ["O"])]
    perfect = {"f1": 1.0, "precision": 1.0, "recall": 1.0}
    kinds = {"PER": perfect | {"support": 1}, "LOC": dict.fromkeys(perfect) | {"support": 0}}
    found = scores_with_intervals(task, labels, perfect | {"by_type": kinds}, predictions)
    assert [score.found for score in found] == [None] * 3
    found = scores_with_intervals(task, labels, perfect | {"by_type": kinds}, [])
    assert [score.found for score in found] == [None] * 3
