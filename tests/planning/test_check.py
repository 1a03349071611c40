"""`metaxl check` opens what is here and lists every fault with its place; a dry run tells the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from experiments import small_config
from own import overlay, sentences, write_conll

from metaxl.cli.main import main
from metaxl.errors import ConfigError
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import read_configuration
from metaxl.planning.plans import Plans
from metaxl.planning.review import data_table

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


def test_what_training_cuts_of_a_cross_validated_file_is_counted(check, own_place):
    """Each of its sentences is one to train from and one to test, so the shorter limit counts."""
    long = [(f"w{n}", "O") for n in range(70)]
    write_conll(own_place / "mine.tsv", [*sentences(30), long])
    files = {"ner": {"lug": {"path": "mine.tsv", "folds": 3}, "en": "data/en"}}
    for limits in ({"max_length": 64, "eval_max_length": 80}, {"max_length": 80, "eval_max_length": 64}):
        code, said = check(files=files, ner={"source_size": 40, "training": limits})
        assert code == 0, said
        assert rows(said)["lug", "3 folds"]["cut"] == "8"


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


@pytest.mark.parametrize("name", ["results", "results/mine"])
@pytest.mark.parametrize("link", [False, True])
def test_what_stands_in_place_of_the_results_is_told(check, own_place, name, link):
    """Else Snakemake stops at it with a traceback, or without a word of the link."""
    place = own_place / name
    place.parent.mkdir(exist_ok=True)
    if link:
        place.symlink_to("nowhere")
    else:
        place.write_text("")
    what = f"{name}: {'a link to nowhere, which is no folder' if link else 'a file'}"
    code, said = check()
    assert code == 1
    assert f"1 fault (1 of results):\n- {what}" in said
    with pytest.raises(ConfigError, match=what):
        dry_run()


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


def test_a_folder_that_no_task_reads_is_looked_at_too(check, own_place):
    """A command may name a cell of it."""
    code, said = check(encoders={"spare": {"folder": "my-encodr"}})
    assert code == 1
    assert "encoders.spare.folder: my-encodr/config.json, " in said
    code, said = check(encoders={"spare": {"folder": str(own_place / "my-encoder")}})
    assert code == 0, said


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


def test_of_synthetic_languages_each_split_is_shown_with_its_own_size():
    """The sizes are those that the rules are told to make."""
    sizes = {"target_size": 1100, "test_size": 400, "source_pool": 9000}
    config = small_config(synthetic=sizes, sentiment={"targets": [{"language": "te"}], "target_sizes": {"train": 7}})
    rows = [line.split("made here")[1].split("  ") for line in data_table(config).splitlines() if "made here" in line]
    shown = {tuple(part.strip() for part in row if part) for row in rows}
    assert shown == {
        ("train", "9,000"),
        ("train, dev, test", "1,100, 1,100, 400"),
        ("train, dev, test", "7, 1,100, 400"),
    }


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


UNUSED = {
    "a type that no data hold": (
        {"ner": {"labels": {"PSET": "PEST"}}},
        "ner.labels: no data of the task hold PSET; they hold LOC, ORG, PER.",
    ),
    "another case": ({"ner": {"labels": {"loc": "PLACE"}}}, "ner.labels: no data of the task hold loc;"),
    "a tag for a type": ({"ner": {"labels": {"B-LOC": "O"}}}, "no data of the task hold B-LOC; they hold LOC"),
    "drop of entities": ({"ner": {"labels": {"LOC": "drop"}}}, "ner.labels.LOC: for words that are no entity write O"),
    "a positive class of entities": ({"ner": {"positive": "PER"}}, "ner.positive: entities have no positive class"),
    "folds of a source": (
        {"files": {"ner": {"en": {"path": "data/en", "folds": 5}}}},
        "files.ner.en.folds: en is only a source",
    ),
    "folds and splits": (
        {"files": {"ner": {"lug": {"path": "data/en/train.tsv", "folds": 5, "splits": {"dev": 0.2}}}}},
        "files.ner.lug: folds and splits exclude each other",
    ),
}


@pytest.mark.parametrize(("changes", "message"), UNUSED.values(), ids=UNUSED)
def test_a_setting_that_would_be_passed_over_is_a_fault(check, changes, message):
    code, said = check(**changes)
    assert code == 1
    assert message in said


def write_texts(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))


@pytest.fixture
def check_texts(check, own_place):
    """Return a check of an experiment on texts of the classes good and bad."""
    for number, place in enumerate(("lug/train", "lug/dev", "lug/test", "en/train")):
        rows = [(f"okay {number} {row}", ("good", "bad")[row % 2]) for row in range(30)]
        write_texts(own_place / "texts" / f"{place}.tsv", rows)
    files = {"sentiment": {"lug": "texts/lug", "en": "texts/en"}}

    def run(**changes):
        about = {"encoder": "mine", "source": "en", "source_size": 30, "placement": [2], "placements": [[2]]}
        training = {"training": {"max_length": 64, "eval_max_length": 128}, "targets": [{"language": "lug"}]}
        return check(files=files, ner={"targets": []}, sentiment=about | training | changes)

    return run


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"good": "O"}}, "sentiment.labels.good: for leaving its texts out write drop, not O."),
        ({"labels": {"god": "drop"}}, "sentiment.labels: no data of the task hold god; they hold bad, good."),
        ({"positive": "god"}, "sentiment.positive: 'god' is none of the classes bad, good"),
    ],
)
def test_a_setting_of_classes_that_would_be_passed_over_is_a_fault(check_texts, changes, message):
    assert check_texts(positive="good", labels={"bad": "poor"})[0] == 0
    code, said = check_texts(**changes)
    assert code == 1
    assert message in said


def test_a_label_that_a_download_may_hold_is_a_note(check):
    changes = {"ner": {"labels": {"PSET": "PEST"}, "targets": [{"language": "lug", "related": "sw"}]}}
    code, said = check(**changes)
    assert code == 0, said
    assert "note: ner.labels: no data of the task hold PSET" in said


def test_files_that_nothing_uses_are_told(check, own_place):
    """Also where another code was meant: in the message about the language without files."""
    code, said = check(files={"ner": {"nyn": "data/lug"}})
    assert code == 0, said
    assert "note: files.ner: nyn is neither a target nor a source" in said
    code, said = check(ner={"targets": [{"language": "lgg"}], "corpus": "synthetic"})
    assert code == 1
    assert "files has lug, which nothing uses." in said


def test_the_code_of_a_fold_names_no_files():
    with pytest.raises(ConfigError, match=r"files.ner: 'lug-fold1' does not match"):
        Plans({"preset": "paper", "files": {"ner": {"lug-fold1": "data/lug"}}}).active.check()


def test_a_test_set_in_training_is_told_and_a_fault_where_it_is_all_there(check, own_place):
    """Of a source and of train; dev that holds it is told."""
    test = sentences(12, seed=2)
    write_conll(own_place / LUG / "train.tsv", [*sentences(30, seed=0), test[0], test[0]])
    write_conll(own_place / LUG / "dev.tsv", test)
    write_conll(own_place / "data" / "en" / "train.tsv", [*sentences(40, seed=9), *test[:3]])
    code, said = check()
    assert code == 0, said
    assert "note: ner: train of lug shares 1 of the 12 texts of the test set of lug" in said
    assert "note: ner: dev of lug shares 12 of the 12 texts of the test set of lug" in said
    assert "note: ner: the source en shares 3 of the 12 texts of the test set of lug" in said
    write_conll(own_place / LUG / "train.tsv", [*sentences(30, seed=0), *test])
    write_conll(own_place / "data" / "en" / "train.tsv", [*sentences(40, seed=9), *test])
    code, said = check()
    assert code == 1
    assert "- ner: train of lug holds all 12 texts of the test set of lug" in said
    assert "- ner: the source en holds all 12 texts of the test set of lug" in said
    assert "2 faults (2 of data)" in said


def test_a_source_that_is_the_cross_validated_file_is_a_fault(check, own_place):
    write_conll(own_place / "mine.tsv", sentences(60))
    files = {"ner": {"lug": {"path": "mine.tsv", "folds": 3}, "en": "mine.tsv"}}
    code, said = check(files=files)
    assert code == 1
    assert "- ner: the source en holds all 60 texts of the test set of lug" in said
    assert "train of lug" not in said, "a fold's own test set is apart"


def test_a_target_with_nothing_to_learn_is_a_fault(check, own_place):
    """Told once of a cross-validated file; what its folds lack for choosing an epoch is one note."""
    write_conll(own_place / LUG / "train.tsv", [[("mu", "O"), (f"x{n}", "O")] for n in range(30)])
    code, said = check()
    assert code == 1
    assert "- ner: train of lug holds no entity, so there is nothing to learn" in said
    plain = [[("mu", "O"), (f"x{n}", "O")] for n in range(60)]
    files = {"ner": {"lug": {"path": "mine.tsv", "folds": 5}}}
    write_conll(own_place / "mine.tsv", plain)
    code, said = check(files=files)
    assert code == 1
    assert said.count("nothing to learn") == 1
    assert "train of lug in folds 1, 2, 3, 4, 5 of 5 holds no entity" in said
    write_conll(own_place / "mine.tsv", [*plain, *sentences(3)])
    code, said = check(files=files)
    assert code == 0, said
    (note,) = [line for line in said.splitlines() if "cannot choose an epoch" in line]
    assert re.search(r"note: ner: dev of lug in folds? \d(, \d)* of 5 holds no entity", note)
    assert "test of lug" not in said, "the folds are scored together"


def test_texts_of_one_class_are_a_fault(check_texts, own_place):
    write_texts(own_place / "texts" / "lug" / "train.tsv", [(f"nnungi {n}", "good") for n in range(30)])
    code, said = check_texts()
    assert code == 1
    assert "- sentiment: train of lug holds the label good alone, so there is nothing to learn" in said


def test_a_prepared_folder_of_another_encoder_of_the_same_name_tells_nothing(own_place, monkeypatch):
    """It is looked at while it is what the configuration asks for, and left alone when that changes."""
    looked = []

    def note(folder, layers, longest):
        looked.extend([folder] if folder.name == "body" else [])
        return []

    monkeypatch.setattr("metaxl.planning.encoders.faults_of_encoder", note)
    prepared = own_place / "results" / "mine" / "encoders" / "body"
    prepared.mkdir(parents=True)
    (prepared / "sha256.json").write_text("{}")

    def check_of(hub):
        overlay(own_place, encoders={"body": {"hub": hub}}, ner={"encoder": "body"})
        plan = Plans(read_configuration(None, [Path("mine.yaml"), Path("changes.yaml")])).active
        plan.check()
        return plan

    (own_place / "results" / "mine" / "asked").mkdir()
    asked = own_place / "results" / "mine" / "asked" / "encoder-body.json"
    asked.write_text(check_of("some/body").content("asked/encoder-body"))
    assert looked == []
    check_of("some/body")
    assert [str(folder) for folder in looked] == ["results/mine/encoders/body"]
    check_of("other/body")
    assert len(looked) == 1


AWKWARD = ["no", "yes", "null", "1,0", "2.5", "a: b"]


def test_a_mapping_to_write_can_be_pasted(check, own_place):
    """What YAML would read as something else than text is quoted; long lists are cut."""
    kinds = [*AWKWARD, *(f"T{number}" for number in range(9))]
    made = [[("mu", "O"), (f"x{n}", f"B-{kind.replace(' ', '')}")] for n, kind in enumerate(kinds * 3)]
    write_conll(own_place / LUG / "train.tsv", made)
    code, said = check()
    assert code == 0, said
    (note,) = [line for line in said.splitlines() if "only in the target lug" in line]
    pasted = yaml.safe_load(re.search(r"`(labels: .*?)`", note)[1])["labels"]
    assert pasted == {kind.replace(" ", ""): "O" for kind in kinds}
    assert " and 5 more only in the target lug" in note
    assert check(ner={"labels": pasted})[0] == 1, "the training set holds nothing else"
