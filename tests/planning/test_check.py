"""`metaxl check` opens what is here and lists every fault with its place; a dry run tells the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from own import overlay, sentences, write_conll

from metaxl.cli.main import main
from metaxl.errors import ConfigError
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import read_configuration
from metaxl.planning.plans import Plans

LUG = "data/lug"


@pytest.fixture
def check(own_place, capsys):
    """Return the code and the words of a check of mine.yaml, with changes over it where there are some."""

    def run(**changes):
        overlay(own_place, **changes)
        code = main(["check", "--configfile", "mine.yaml", "changes.yaml"])
        return code, capsys.readouterr().out

    overlay(own_place)
    return run


def dry_run():
    """Say what a dry run of Snakemake says when it reads the rules."""
    Plans(read_configuration(None, [Path("mine.yaml"), Path("changes.yaml")])).active.check()


def rows(said):
    """Return the table's lines, split at their columns, by language and split."""
    lines = said.split("\n\n")[0].splitlines()
    names = re.split(r"\s{2,}", lines[0])
    starts = [lines[0].index(name) for name in names]
    cells = ([line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines[2:])
    found = [dict(zip(names, row, strict=True)) for row in cells]
    return {(row["language"], row["split"]): row for row in found}


def test_a_good_experiment_is_shown_with_its_numbers(check, own_place):
    """Sizes, entities by type, repeats, texts that a test set has too, words beyond the limit."""
    test = sentences(12, seed=2)
    write_conll(own_place / LUG / "train.tsv", [*sentences(30, seed=0), test[0], test[0]])
    write_conll(own_place / "data" / "en" / "train.tsv", [*sentences(40, seed=9), [(f"w{n}", "O") for n in range(70)]])
    code, said = check(ner={"source_size": 41})
    assert code == 0, said
    table = rows(said)
    assert list(table) == [("en", "train"), *(("lug", split) for split in ("train", "dev", "test"))]
    train = table["lug", "train"]
    assert train["from"] == LUG
    assert (train["examples"], train["repeated"], train["in test"], train["cut"]) == ("32", "1", "1", "0")
    assert train["holds"] == "LOC 10, ORG 10, PER 12"
    source = table["en", "train"]
    assert (source["examples"], source["repeated"], source["in test"]) == ("41", "0", "0")
    assert source["cut"] == "8", "70 words and two special tokens, of which 64 are kept"
    assert "It needs no download." in said
    assert "To download" not in said
    assert "fault" not in said


def write(path, text):
    def change(own_place):
        for other in (own_place / path).parent.glob(f"{(own_place / path).stem}.*"):
            other.unlink()
        (own_place / path).write_bytes(text if isinstance(text, bytes) else text.encode())

    return change


GOOD = "Nakato\tB-PER\nmu\tO\n\nGulu\tB-LOC\n"
MALFORMED = {
    "a word without a tag": (write(f"{LUG}/train.tsv", GOOD + "\nmu\n"), f"{LUG}/train.tsv:6"),
    "an empty word": (write(f"{LUG}/train.tsv", "\tO\nNakato\tB-PER\n"), f"{LUG}/train.tsv:1"),
    "bytes of another encoding": (write(f"{LUG}/dev.tsv", "caf\u00e9\tO\n".encode("latin-1")), f"{LUG}/dev.tsv:1"),
    "an empty file": (write(f"{LUG}/dev.tsv", ""), f"{LUG}/dev.tsv"),
    "torn JSON": (
        write(f"{LUG}/train.jsonl", '{"tokens": ["a"], "tags": ["O"]}\n{"tokens": ['),
        f"{LUG}/train.jsonl:2",
    ),
    "fewer tags than words": (
        write(f"{LUG}/test.jsonl", '{"tokens": ["a", "b"], "tags": ["O"]}\n'),
        f"{LUG}/test.jsonl:1",
    ),
    "another key": (write(f"{LUG}/test.jsonl", '{"things": ["a"], "tags": ["O"]}\n'), f"{LUG}/test.jsonl:1"),
    "no dev": (lambda own_place: (own_place / LUG / "dev.tsv").unlink(), LUG),
    "two files of a split": (lambda own_place: (own_place / LUG / "dev.txt").write_text(GOOD), LUG),
    "a source's file": (write("data/en/train.tsv", "Nakato\n"), "data/en/train.tsv:1"),
}


@pytest.mark.parametrize(("change", "where"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_told_with_its_place_by_the_check_and_by_a_dry_run(check, own_place, change, where):
    change(own_place)
    code, said = check()
    assert code == 1
    assert re.search(rf"^- .*{re.escape(where)}\b", said, re.M), said
    with pytest.raises(ConfigError, match=re.escape(where)):
        dry_run()


def test_half_a_character_is_told(check, own_place):
    write(f"{LUG}/train.jsonl", '{"tokens": ["Nakato", "\\ud83d"], "tags": ["B-PER", "O"]}\n' * 20)(own_place)
    _, said = check()
    assert re.search(rf"^(- |note: ).*{LUG}/train\.jsonl", said, re.M), said


WRONG = {
    "more drawn than there is": (
        {"ner": {"source_size": 1000}},
        "ner.source_size: 1000 examples asked for, but 'en' has 40",
    ),
    "a code of the same language": (
        {"ner": {"targets": [{"language": "lug", "related": "eng"}]}},
        "ner: 'eng' would be read from the corpus 'wikiann', while your files hold 'en'",
    ),
    "an encoder without weights": (
        {"encoders": {"mine": {"folder": LUG}}},
        f"encoders.mine.folder: {LUG}/config.json, ",
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_settings_that_do_not_fit_what_is_here_are_told(check, changes, message):
    code, said = check(**changes)
    assert code == 1
    assert message in said
    with pytest.raises(ConfigError, match=re.escape(message)):
        dry_run()


def test_all_faults_are_told_at_once_and_counted_by_kind(check, own_place):
    write(f"{LUG}/dev.tsv", "")(own_place)
    write("data/en/train.tsv", "Nakato\n")(own_place)
    code, said = check(encoders={"mine": {"folder": "elsewhere"}})
    assert code == 1
    assert "3 faults (2 of data, 1 of encoders):" in said
    assert len(re.findall(r"^- ", said, re.M)) == 3


def test_an_encoder_is_held_to_the_highest_layer_and_the_longest_limit(check, monkeypatch):
    """Those of the tables' placements and of training and evaluation; what it cannot do is a fault."""
    asked = {}

    def faults(folder, layers, longest):
        asked.update(folder=str(folder), layers=layers, longest=longest)
        return [f"{folder}: layer {max(layers)} does not exist"] if max(layers) > 2 else []

    monkeypatch.setattr("metaxl.planning.encoders.faults_of_encoder", faults)
    code, said = check(ner={"placements": [[1], [0, 12]]})
    assert (code, asked) == (1, {"folder": "my-encoder", "layers": [0, 1, 2, 12], "longest": 128})
    assert "- encoders.mine: my-encoder: layer 12 does not exist" in said
    assert check(ner={"placements": [[1], [0, 2]]})[0] == 0


def test_names_of_the_same_meaning_are_a_fault_with_the_mapping_to_write(check, own_place):
    """What is written becomes the check's pass; types of another meaning are told, and stop nothing."""
    for split in ("train", "dev", "test"):
        write_conll(own_place / LUG / f"{split}.tsv", sentences(30, ("PERSON", "LOC", "CROP"), seed=ord(split[1])))
    code, said = check()
    assert code == 1
    assert "write `labels: {PERSON: PER}`" in said
    code, said = check(ner={"labels": yaml.safe_load("{PERSON: PER}")})
    assert code == 0, said
    assert "note: ner: CROP only in the target lug, not in its sources" in said
    assert "`labels: {CROP: O}` leaves it out" in said
    assert "note: ner: ORG only in the sources, not in the target lug" in said


def test_what_is_odd_is_told_and_stops_nothing(check, own_place):
    """Fewer than 20 training sentences; a dev or test set without an entity."""
    write_conll(own_place / LUG / "train.tsv", sentences(19))
    write_conll(own_place / LUG / "dev.tsv", [[("mu", "O")]])
    code, said = check()
    assert code == 0, said
    assert "note: ner: lug has 19 training examples" in said
    assert "note: ner: dev of lug holds no entity: it cannot choose an epoch" in said
    assert "test of lug" not in said
    write_conll(own_place / LUG / "train.tsv", sentences(20))
    assert "training examples" not in check()[1]


def test_a_language_that_is_not_among_the_files_is_shown_as_a_download(check):
    code, said = check(ner={"targets": [{"language": "lug", "related": "sw"}]})
    row = rows(said)["sw", "train"]
    assert row["from"] == "download: WikiANN (not among your files)"
    assert row["examples"] == "?"
    assert "- wikiann: train.parquet of sw" in said
    assert code == 0, "it can come"


def test_sizes_that_nobody_knows_are_no_zeros_and_kept_models_of_a_folder_count(check):
    plain = float(re.search(r"cells write about ([\d.]+) MB", check()[1])[1])
    kept = float(re.search(r"cells write about ([\d.]+) MB", check(keep_models="best")[1])[1])
    assert kept == pytest.approx(plain + 2.0, abs=0.1)
    said = check(encoders={"other": {"hub": "some/body"}}, ner={"encoder": "other"}, keep_models="best")[1]
    assert "To download: about ?." in said
    assert re.search(r"cells write about [\d.]+ MB \+ \?\.", said)
    assert "0.0 MB" not in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ner": {"targets": [{"language": "zz"}]}}, "ner: zz: no synthetic language; there are cdo, en, "),
        (
            {"synthetic": {"source_pool": 30}, "ner": {"source_size": 31}},
            "31 examples asked for, but synthetic.source_pool",
        ),
    ],
)
def test_a_dry_run_knows_what_the_synthetic_world_has(changes, message):
    raw = {"preset": "demo", "figure": None, "sentiment": {"source": "en", "targets": []}}
    ner = {"source": "en", "targets": [{"language": "qu"}]} | changes.get("ner", {})
    with pytest.raises(ConfigError, match=re.escape(message)):
        Plans(raw | changes | {"ner": ner}).active.check()


@pytest.mark.parametrize("code", ["NO/", "a b", "$(touch x)", "zz"])
def test_the_languages_of_a_path_are_held_to_those_that_there_are(code):
    """A cell's and a data file's, when the path is planned."""
    raw = {"preset": "demo", "figure": None, "sentiment": {"source": "en", "targets": []}}
    plan = Plans(raw | {"ner": {"source": "en", "targets": [{"language": "qu"}]}}).active
    told = r"ner: .* is no (synthetic language|language's code)"
    with pytest.raises(ConfigError, match=told):
        plan.data.inputs("ner", code, "train")
    with pytest.raises(ConfigError, match=told):
        plan.cell_inputs(Cell("tiny", "ner", code, "en", "joint", 11))
    with pytest.raises(ConfigError, match=told):
        plan.cell_inputs(Cell("tiny", "ner", "qu", code, "joint", 11))
