"""The command `predict`: any text in, an answer for each line out, or a sentence that says why not."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from kept import LIMIT, keep_cell

from metaxl.cli.main import main
from metaxl.data.splitter import SPLITTER
from metaxl.errors import DataError
from metaxl.files import read_json, write_json
from metaxl.predicting.answers import Answer
from metaxl.predicting.forms import formatted
from metaxl.predicting.lines import Line, batches, read_lines
from metaxl.tasks import NER, entity_spans


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return keep_cell(tmp_path_factory.mktemp("kept"), "ner", "xlm-roberta")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return keep_cell(tmp_path_factory.mktemp("texts"), "sentiment", "xlm-roberta")


@pytest.fixture
def predict(tmp_path, capsys):
    """Return a function that runs the command on bytes; it gives what was printed and what was logged."""

    def run(model: Path, raw: bytes, *options: str, expected: int = 0) -> str:
        path = tmp_path / "input.txt"
        path.write_bytes(raw)
        assert main(["predict", str(model), str(path), *options]) == expected
        return capsys.readouterr().out

    return run


def as_json(out: str) -> list[dict]:
    return [json.loads(line) for line in out.removesuffix("\n").split("\n")]


@pytest.mark.parametrize("form", ["conll", "json"])
def test_tags_are_iob2_whatever_the_model_says(form):
    """As data that are read again: an entity begins with B-, and entities stay what they were."""
    labels = ["I-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-PER"]
    spans = [(n, n + 1) for n in range(6)]
    line = formatted(Answer("abcdef", spans, labels, [1.0] * 6), NER, form)
    tags = [row.split("\t")[1] for row in line.splitlines() if row] if form == "conll" else json.loads(line)["tags"]
    assert tags == ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "B-PER"]
    assert entity_spans(tags, strict=True) == entity_spans(labels, strict=False)


def test_forms_agree(kept, predict):
    """Text, CoNLL and JSON tell the same of the same lines, and offsets are those of the line."""
    raw = "\n".join(" ".join(record["tokens"]) for record in kept.records["test"]).encode()
    answers = as_json(predict(kept.model, raw, "--format", "json"))
    blocks = predict(kept.model, raw, "--format", "conll").removesuffix("\n\n").split("\n\n")
    lines = predict(kept.model, raw).splitlines()
    assert any(answer["entities"] for answer in answers)
    for answer, block, line in zip(answers, blocks, lines, strict=True):
        assert [row.split("\t") for row in block.split("\n")] == [
            list(pair) for pair in zip(answer["tokens"], answer["tags"], strict=True)
        ]
        assert len(answer["entities"]) == len(entity_spans(answer["tags"], strict=False))
        assert entity_spans(answer["tags"], strict=True) == entity_spans(answer["tags"], strict=False)
        marked, moved = answer["text"], 0
        for entity in answer["entities"]:
            assert entity["text"] == answer["text"][entity["start"] : entity["end"]]
            put = f"[{entity['type']} {entity['text']}]"
            start, end = entity["start"] + moved, entity["end"] + moved
            marked, moved = marked[:start] + put + marked[end:], moved + len(put) - len(entity["text"])
        assert line == marked


def test_a_text_has_its_label_before_it(texts, predict):
    raw = b"w1 w1 w1 w5\nw2 w2 w2 w5\n"
    answers = as_json(predict(texts.model, raw, "--format", "json"))
    lines = predict(texts.model, raw).splitlines()
    assert lines == [f"{answer['label']}\t{answer['text']}" for answer in answers]
    assert all(0.5 <= answer["score"] <= 1 for answer in answers)


@pytest.mark.parametrize("options", [("--format", "conll"), ("--tokens",)], ids=" ".join)
def test_what_is_about_words_is_refused_of_a_model_of_texts(texts, predict, caplog, options):
    predict(texts.model, b"w1\n", *options, expected=1)
    assert f"labels whole texts, where {' '.join(options)} is about words" in caplog.text


def test_answers_do_not_depend_on_the_batch(kept, predict):
    """Nor does their order: hundreds of lines of mixed lengths, together and each alone."""
    lines = [" ".join([f"w{number % 60}"] * (1 + 7 * number % 45)) for number in range(200)]
    whole = predict(kept.model, "\n".join(lines).encode(), "--format", "conll")
    alone = [predict(kept.model, line.encode(), "--format", "conll") for line in lines[::20]]
    blocks = [f"{block}\n\n" for block in whole.removesuffix("\n\n").split("\n\n")]
    assert len(blocks) == len(lines)
    assert blocks[::20] == alone


def test_a_long_line_is_read_in_parts_which_is_told_once(kept, predict, caplog):
    """Every word has its tag, also those that one look would not reach."""
    words = [word for record in kept.records["test"] for word in record["tokens"]] * 3
    line = " ".join(words).encode()
    first, again = as_json(predict(kept.model, line + b"\n" + line, "--format", "json", "--tokens"))
    assert first == again
    assert first["tokens"] == words
    assert {tag for tag in first["tags"][LIMIT:]} > {"O"}
    (told,) = [message for message in caplog.messages if "at once" in message]
    assert f":1: longer than the {LIMIT} subwords that the model reads at once; such lines are read in over" in told


def test_a_long_text_is_cut_where_scoring_cut_it(texts, predict, caplog):
    """So that its label is that which would have been scored."""
    line = b"w1 " * 60
    long, short = as_json(predict(texts.model, line + b"\n" + line[: 3 * 30], "--format", "json"))
    assert (long["label"], long["score"]) == (short["label"], pytest.approx(short["score"], abs=1e-5))
    assert "longer than the 32 subwords" in caplog.text
    assert "cut there" in caplog.text


def test_lines_without_words_are_answered_too(kept, texts, predict):
    """So that answers can be counted off; the last line needs no end, and Windows may have ended the others."""
    raw = "\ufeffw1 w2\r\n\r\n \t\r\nw3".encode()
    answers = as_json(predict(kept.model, raw, "--format", "json"))
    assert [answer["text"] for answer in answers] == ["w1 w2", "", " \t", "w3"]
    assert [len(answer["tags"]) for answer in answers] == [2, 0, 0, 1]
    assert predict(kept.model, raw).split("\n")[1:3] == ["", " \t"]
    labels = [json.loads(line)["label"] for line in predict(texts.model, raw, "--format", "json").splitlines()]
    assert [label is None for label in labels] == [False, True, True, False]
    assert predict(texts.model, raw).split("\n")[1] == "\t"
    assert predict(kept.model, b"") == ""


def test_control_characters_are_spaces_which_is_told_once(kept, predict, caplog):
    raw = "w1\x00w2\x1bw3\nw4\x85\n\x07\n".encode()
    tokens = [answer["tokens"] for answer in as_json(predict(kept.model, raw, "--format", "json"))]
    assert tokens == [["w1", "w2", "w3"], ["w4"], []]
    (told,) = [message for message in caplog.messages if "control" in message]
    assert told.endswith(":1: a control character, U+0000; such characters count as spaces.")


def test_what_is_not_utf_8_is_told_with_its_place_after_the_answers_before_it(kept, predict, caplog):
    out = predict(kept.model, b"w1\nw2\n\xe9t\xe9\nw3\n", expected=1)
    assert len(out.splitlines()) == 2
    said = "input.txt:3: not UTF-8 (byte 0xe9 after 0 others); convert the file to UTF-8, if it is WINDOWS-1252 with: "
    assert said in caplog.text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("w1 w2".encode("utf-16"), "if it is UTF-16 with: iconv -f UTF-16 -t UTF-8"),
        ("w1 w2".encode("utf-16-le"), "by its many NUL bytes; convert the file to UTF-8, if it is UTF-16"),
        ("w1 w2".encode("utf-16-be"), "by its many NUL bytes; convert the file to UTF-8, if it is UTF-16"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture; bring its text as a file in UTF-8"),
        (gzip.compress(b"w1 w2", mtime=0), "it is gzipped; bring its text as a file in UTF-8"),
    ],
    ids=["UTF-16", "little-endian", "big-endian", "picture", "gzipped"],
)
def test_what_is_no_text_is_told_with_its_cure(kept, predict, caplog, raw, said):
    assert predict(kept.model, raw, expected=1) == ""
    assert said in caplog.text


ANNOTATED = {
    "a word and a tag": "w1\tO\nw2\tB-PER\nw3\tI-PER\n\nw4\tO\n",
    "a JSON object": '{"text": "w1 w2"}\n' * 3,
}


@pytest.mark.parametrize("what", ANNOTATED)
@pytest.mark.parametrize("options", [(), ("--tokens",), ("--format", "json")])
def test_lines_that_are_annotated_are_refused(kept, predict, caplog, what, options):
    """A tag would be labelled like a word, in silence."""
    assert predict(kept.model, ANNOTATED[what].encode(), *options, expected=1) == ""
    assert f"input.txt:1: each line is {what}; expected text alone" in caplog.text


@pytest.mark.parametrize("text", ["w1 O\nw2 O\n", "w1 O\nw2 O\nw3 w4\n", "O\nO\nO\n", "B-PER\n" * 4, "{w1}\n" * 4])
def test_lines_that_may_be_text_are_answered(kept, predict, text):
    assert predict(kept.model, text.encode()).count("\n") == text.count("\n")


def test_lines_are_read_as_they_come(kept):
    """A stream may have no end: a batch is answered before the next line is asked for."""

    def endless():
        for number in range(5):
            yield b"w1\n"
            seen.append(number)
        raise AssertionError("read beyond what was asked for")

    seen: list[int] = []
    found = next(batches(read_lines(endless(), "here"), 3))
    assert found == [Line(f"here:{number}", "w1") for number in (1, 2, 3)]
    assert len(seen) == 2


def test_text_without_spaces_that_was_split_into_words_is_refused(kept, predict, caplog, tmp_path):
    model = shutil.copytree(kept.model, tmp_path / "model")
    write_json(model / SPLITTER, read_json(model / SPLITTER) | {"script": "words"})
    assert len(predict(model, "w1\n北京人\n".encode(), expected=1).splitlines()) == 0
    assert "input.txt:2: '北京人': the training data split such text" in caplog.text
    assert "say --tokens" in caplog.text
    assert predict(model, "北京 人\n".encode(), "--tokens", "--format", "conll").count("\t") == 2


def damage(name):
    def act(kept, place):
        folder = shutil.copytree(kept.folder, place)
        (folder / "model" / name).unlink()
        return folder

    return act


def without_model(kept, place):
    folder = shutil.copytree(kept.folder, place)
    shutil.rmtree(folder / "model")
    return folder


def without_best(_, place):
    write_json(place / "cell.json", {"cell": None, "notes": ["none is the best"]})
    return place


def with_other_record(kept, place):
    folder = shutil.copytree(kept.model, place)
    write_json(folder / "cell.json", {"cell": {"task": "ner"}})
    return folder


def failed(_, place):
    failure = {"reason": "The loss is NaN.", "status": 1, "attempts": 1, "host": "h", "when": "now", "spec": "s"}
    write_json(place / "scores.json", {"cell": {}, "failed": failure})
    return place


@pytest.mark.parametrize(("make", "said"), [
    (lambda kept, place: place, "no such folder; name a kept model's"),
    (lambda kept, place: place.parent, "no cell.json, so this is no model that a cell has left"),
    (without_model, "this cell's model was not kept. This makes it, and changes no score: snakemake --cores 1 -- "),
    (without_best, "holds no model. none is the best"),
    (with_other_record, "cell.json: no record of a kept model (KeyError('provenance'))"),
    (failed, "has no model, for its training failed: The loss is NaN."),
    (damage(SPLITTER), "nobody knows how the training data were split into words"),
    (damage("model.safetensors"), "model.safetensors: missing"),
    (damage("tokenizer.json"), "tokenizer.json: missing"),
])  # fmt: skip
def test_a_place_without_a_whole_model_is_told_with_a_cure(kept, predict, caplog, tmp_path, make, said):
    predict(make(kept, tmp_path / "place"), b"w1\n", expected=1)
    assert said in caplog.text


def test_an_error_of_a_line_keeps_what_stands_before_it():
    def lines():
        yield Line("a:1", "one")
        raise DataError("a:2: bad")

    found = batches(lines(), 64)
    assert next(found) == [Line("a:1", "one")]
    with pytest.raises(DataError, match="a:2: bad"):
        next(found)
