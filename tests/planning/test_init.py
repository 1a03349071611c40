"""`metaxl init` proposes an experiment for data that somebody brings: it passes the check, and says what it saw."""

from __future__ import annotations

import csv
import re

import pytest
import yaml
from own import sentences, write_conll

from metaxl.cli.main import main

ENCODER = ("--encoder", "my-encoder")


@pytest.fixture
def init(own_place, capfd, caplog):
    """Return the code, the file and the words of an init in the folder."""
    caplog.set_level("INFO", "metaxl")

    def run(*arguments):
        caplog.clear()
        code = main(["init", *arguments])
        return code, capfd.readouterr().out, caplog.text

    return run


def check(own_place, text, capfd):
    (own_place / "proposed.yaml").write_text(text)
    code = main(["check", "--configfile", "proposed.yaml"])
    return code, capfd.readouterr().out


def test_a_folder_of_three_splits_is_taken_as_it_is(init, own_place, capfd):
    """Sizes and layers come from what is there: limits that cut nothing, no more drawn than the source has."""
    code, text, said = init("data/lug", "--language", "lug", "--source", "en=data/en", *ENCODER)
    assert code == 0, said
    found = yaml.safe_load(text)
    assert found["files"] == {"ner": {"lug": "data/lug", "en": "data/en"}}
    ner = found["ner"]
    assert (ner["source"], ner["source_size"], ner["targets"]) == ("en", 40, [{"language": "lug"}])
    assert (ner["placement"], ner["placements"]) == ([2], [[1], [2]])
    assert (ner["training"]["max_length"], ner["training"]["eval_max_length"]) == (16, 16)
    assert (found["keep_models"], found["sentiment"]) == ("best", {"targets": []})
    assert (
        "data/lug: lug, 52 sentences (train 30, dev 10, test 12), 312 words; entities: LOC 17, ORG 17, PER 18" in said
    )
    assert "snakemake --cores 8 --quiet rules --configfile mine.yaml -- tables" in said
    code, told = check(own_place, text, capfd)
    assert code == 0, told


def test_every_setting_has_a_comment(init):
    """Those that open a block may do without."""
    _, text, _ = init("data/lug", "--language", "lug", "--source", "en=data/en", *ENCODER)
    settings = [line for line in text.splitlines()[1:] if not line.rstrip().endswith(":") and "folder:" not in line]
    assert len(settings) > 20
    assert [line for line in settings if not re.search(r"  # \S", line)] == []


def test_one_file_of_a_hundred_sentences_with_own_labels_is_cross_validated(init, own_place, capfd):
    """A label of the same meaning as the source's gets its name, one of another meaning stays."""
    write_conll(own_place / "mine.tsv", sentences(100, ("PERSON", "LOC", "CROP")))
    code, text, said = init("mine.tsv", "--language", "lug", "--source", "en=data/en", *ENCODER)
    assert code == 0, said
    found = yaml.safe_load(text)
    assert found["files"]["ner"]["lug"] == {"path": "mine.tsv", "folds": 5}
    assert found["ner"]["labels"] == {"PERSON": "PER"}
    assert "PERSON is read as PER" in said
    assert "CROP only in the target lug" in said
    assert "is there already" not in said
    assert found["ner"]["training"]["batch_size"] == 8, "a fold trains on 60"
    code, told = check(own_place, text, capfd)
    assert code == 0, told
    assert re.search(r"lug +mine\.tsv +5 folds +100 +CROP 33, LOC 33, PER 34 ", told)


def test_results_of_the_same_name_are_told(init, own_place):
    """Another file of the same language would replace them."""
    (own_place / "results" / "lug-ner").mkdir(parents=True)
    told = "note: results/lug-ner is there already: a run would replace what it holds; --name gives another."
    assert told in init("data/lug", "--language", "lug", "--source", "en=data/en", *ENCODER)[2]
    other = init("data/lug", "--language", "lug", "--source", "en=data/en", "--name", "second", *ENCODER)[2]
    assert "is there already" not in other


def test_a_large_file_and_a_folder_without_dev_are_split(init, own_place, capfd):
    write_conll(own_place / "large.tsv", sentences(300))
    (own_place / "data" / "lug" / "dev.tsv").unlink()
    for data, splits in (("large.tsv", {"dev": 0.2, "test": 0.2}), ("data/lug", {"dev": 0.2})):
        code, text, said = init(data, "--language", "lug", "--source", "en=data/en", *ENCODER)
        assert code == 0, said
        assert yaml.safe_load(text)["files"]["ner"]["lug"] == {"path": data, "splits": splits}
        code, told = check(own_place, text, capfd)
        assert code == 0, told


def test_a_table_of_texts_with_labels_is_sentiment(init, own_place, capfd):
    """Seen from what it holds; the labels of its reviews are those of the downloaded source by another name."""
    with (own_place / "reviews.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows([f"nnungi nnyo, {number}", ("POS", "NEG")[number % 2]] for number in range(60))
    code, text, said = init("reviews.csv", "--language", "lug", "--source", "de", *ENCODER)
    assert code == 0, said
    found = yaml.safe_load(text)
    assert found["ner"] == {"targets": []}
    assert found["sentiment"]["labels"] == {"NEG": "negative", "POS": "positive"}
    assert found["sentiment"]["corpus"] == {"de": "reviews"}
    assert "de is downloaded" in said
    code, told = check(own_place, text, capfd)
    assert code == 0, told
    code, _, said = init("reviews.csv", "--language", "lug", "--source", "xh", *ENCODER)
    assert code == 1
    assert "--source xh=PATH" in said


def test_without_an_encoder_it_is_the_papers_pinned_one(init):
    """Its tokenizer is not here: three subwords a word are reckoned with; a code that YAML would misread is quoted."""
    code, text, said = init("data/lug", "--language", "no", "--source", "en", "--related", "sv", "--name", "mine")
    assert code == 0, said
    found = yaml.safe_load(text)
    (encoder,) = found["encoders"].values()
    assert encoder["hub"] == "FacebookAI/xlm-roberta-base"
    assert re.fullmatch("[0-9a-f]{40}", encoder["revision"])
    assert (found["name"], found["ner"]["placement"], found["ner"]["source_size"]) == ("mine", [12], 100)
    assert found["ner"]["targets"] == [{"language": "no", "related": "sv"}]
    assert found["ner"]["training"]["max_length"] == 32, "6 words and two special tokens"
    assert "a guess, 3 for each word" in text
    assert "cuts less than" not in text


def test_blank_lines_that_are_missing_are_thought_of(init, tmp_path):
    (tmp_path / "flat.tsv").write_text("w1\tB-PER\nw2\tO\n" * 30)
    code, _, said = init(str(tmp_path / "flat.tsv"), "--language", "lug", "--source", "en")
    assert code == 1
    assert "1 examples are too few" in said
    assert "One of them has 60 words: a blank line ends a sentence." in said


BAD = {
    "no such file": (["nowhere.tsv", "--language", "lug", "--source", "en"], "nowhere.tsv: no such file or folder"),
    "no code": (
        ["data/lug", "--language", "my language", "--source", "en"],
        "--language my language: expected a language's",
    ),
    "a path as source": (
        ["data/lug", "--language", "lug", "--source", "data/en"],
        "--source or --related data/en: expected",
    ),
    "its own source": (
        ["data/lug", "--language", "lug", "--source", "lug"],
        "--language lug: it cannot be its own source",
    ),
    "source twice": (["data/lug", "--language", "lug", "--source", "en", "--related", "en"], "--related en: it is the"),
    "no path": (["data/lug", "--language", "lug", "--source", "en="], "a path is missing behind ="),
    "name": (
        ["data/lug", "--language", "lug", "--source", "en", "--name", "My name"],
        "--name My name: expected lower-case",
    ),
    "url": (
        ["https://example.org/lug.tsv", "--language", "lug", "--source", "en"],
        "named by a url; download the file",
    ),
    "url of a source": (
        ["data/lug", "--language", "lug", "--source", "en=https://example.org/en.tsv"],
        "named by a url; download the file",
    ),
    "file of an encoder": (
        ["data/lug", "--language", "lug", "--source", "en", "--encoder", "my-encoder/config.json"],
        "--encoder my-encoder/config.json: is a file; name its folder, my-encoder.",
    ),
    "encoder": (
        ["data/lug", "--language", "lug", "--source", "en", "--encoder", "./x"],
        "--encoder ./x: neither a folder",
    ),
    "no encoder in it": (
        ["data/lug", "--language", "lug", "--source", "en", "--encoder", "data"],
        "data/config.json: missing",
    ),
    "same language": (
        ["data/lug", "--language", "lug", "--source", "lg"],
        "'lg' would be read from the corpus 'wikiann'",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_is_told_in_a_sentence(init, arguments, message):
    code, text, said = init(*arguments)
    assert (code, text) == (1, "")
    assert message in said


def test_data_of_neither_task_and_too_few_are_told(init, own_place):
    (own_place / "data" / "lug" / "train.tsv").write_text("just words\n")
    code, text, said = init("data/lug", "--language", "lug", "--source", "en")
    assert (code, text) == (1, "")
    assert "data/lug/train.tsv" in said


def test_too_few_examples_to_split_are_told(init, own_place):
    write_conll(own_place / "few.tsv", sentences(9))
    code, text, said = init("few.tsv", "--language", "lug", "--source", "en")
    assert (code, text) == (1, "")
    assert "few.tsv: 9 examples are too few" in said


MEANT = {
    "tags in lower case": ("mine.tsv", "Nakato\tb-per\nmu\to\n\nGulu\tb-loc\n", "the tag 'b-per' must have its mark"),
    "one bad tag": ("mine.tsv", "Nakato\tB-PER\nmu\tO\n\nGulu\tLOC\nmu\tO\n", "mine.tsv:4: 'LOC' is no tag"),
    "a bad tag among words as columns": ("mine.conll", "Nakato person\nmu other\n", "'person' is no tag"),
    "a number among words": (
        "mine.jsonl",
        '{"tokens": ["a", 5], "tags": ["O", "O"]}\n',
        "the word 5 is a number; write it in quotes",
    ),
    "a number as text": ("mine.jsonl", '{"text": 5, "label": "good"}\n', "the text is a number; write it in quotes"),
    "a text without a label": ("mine.jsonl", '{"text": 5}\n', "mine.jsonl:1: has no 'label'"),
    "an empty text": ("mine.csv", "text,label\n,good\n", "mine.csv:2: the text is empty"),
    "words in a sheet": ("mine.csv", "word,tag\nNakato,per\n", "'per' is no tag"),
}


@pytest.mark.parametrize(("file", "text", "message"), MEANT.values(), ids=MEANT)
def test_data_whose_labels_alone_are_faulty_are_told_as_what_they_are_meant_for(init, own_place, file, text, message):
    (own_place / file).write_text(text)
    code, _, said = init(file, "--language", "lug", "--source", "en")
    assert code == 1
    assert message in said
    assert "holds neither" not in said
    assert said.count(message) == 1


def test_what_both_readers_say_is_said_once(init, own_place):
    (own_place / "mine.csv").write_bytes("word,tag\ncaf\u00e9,O\n".encode("latin-1"))
    _, _, said = init("mine.csv", "--language", "lug", "--source", "en")
    assert said.count("is not UTF-8") == 1


def test_a_source_of_the_other_task_is_told(init, own_place):
    (own_place / "mine.csv").write_text("text,label\n" + "".join(f"nnungi {n},{'ab'[n % 2]}\n" for n in range(40)))
    for data, source, told in (
        ("mine.csv", "data/en/train.tsv", "data/en/train.tsv holds tagged words, mine.csv holds texts with a label"),
        ("data/lug", "mine.csv", "mine.csv holds texts with a label, data/lug holds tagged words"),
    ):
        code, _, said = init(data, "--language", "lug", "--source", f"en={source}", *ENCODER)
        assert code == 1
        assert told in said


def test_long_lists_of_labels_are_cut(init, own_place):
    rows = [f"nnungi {n},class{n % 14:02}" for n in range(140)]
    (own_place / "mine.csv").write_text("\n".join(["text,label", *rows]))
    _, _, said = init("mine.csv", "--language", "lug", "--source", "de", *ENCODER)
    assert "labels: class00 10, " in said
    assert "class09 10 and 4 more." in said
    assert "class13 10" not in said, "but in a mapping to paste"
