"""MasakhaNER: its form, its types, and the hundred sentences that are drawn of thousands."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from experiments import experiment, load

from metaxl.data.corpora import masakhaner
from metaxl.data.draw import by_hash
from metaxl.data.read import read_split
from metaxl.downloads.registry import find_corpus, raw_files
from metaxl.errors import ConfigError, DataError
from metaxl.files import sha256_file
from metaxl.planning.data import DataPlan
from metaxl.planning.findings import find_faults
from metaxl.planning.labels import label_set
from metaxl.tasks import NER, SPLITS

MIRROR = Path(__file__).resolve().parents[3] / "shared" / "data" / "mirror" / "masakhaner"
NONE = {"source": "en", "targets": []}
TYPES = ("PER", "ORG", "LOC", "DATE")


def write(folder, split, sentences):
    """Write sentences of (word, tag) as the corpus has them."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join("\n".join(f"{word} {tag}" for word, tag in sentence) for sentence in sentences)
    (folder / f"{split}.txt").write_text(text + "\n", encoding="utf-8")


def some(count, seed=0):
    """Return made-up sentences, half of which have an entity, a quarter a date and nothing else."""
    luck = random.Random(seed)
    made = []
    for number in range(count):
        sentence = [(f"w{luck.randrange(90)}", "O") for _ in range(luck.randrange(2, 6))]
        if number % 4 < 2:
            kind = luck.choice(TYPES[:3])
            sentence += [(f"n{number}", f"B-{kind}"), ("m", f"I-{kind}")]
        elif number % 4 == 2:
            sentence += [("3", "B-DATE")]
        made.append(sentence)
    return made


def test_a_line_is_a_word_and_its_tag(tmp_path):
    write(tmp_path, "dev", [[("Ada", "B-PER"), ("Obi", "I-PER"), ("rose", "O")], [("today", "B-DATE")]])
    assert masakhaner.read(tmp_path, "lug", "dev") == [
        {"id": "dev-0", "tokens": ["Ada", "Obi", "rose"], "tags": ["B-PER", "I-PER", "O"]},
        {"id": "dev-1", "tokens": ["today"], "tags": ["B-DATE"]},
    ]


def test_a_tag_without_a_word_is_left_out_and_told(tmp_path, caplog):
    """As the published Xhosa has them; the lines of the others stay whole."""
    (tmp_path / "train.txt").write_text("Ada B-PER\nO\nrose O\n\nO O\n")
    assert [one["tokens"] for one in masakhaner.read(tmp_path, "xho", "train")] == [["Ada", "rose"], ["O"]]
    assert "1 lines with a tag and no word left out" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada B-PER\nrose\n", "dev.txt:2: expected"),
        ("Ada PER\n", "'PER' is no tag"),
        ("", "holds no sentence; download it again."),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, text, said):
    (tmp_path / "dev.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        masakhaner.read(tmp_path, "lug", "dev")


@pytest.mark.parametrize("split", SPLITS)
def test_a_draw_is_by_hash_of_sentences_with_an_entity_and_for_test_of_all(tmp_path, split):
    """Dates are gone before it is asked which sentences have an entity; the order of the file stays."""
    write(tmp_path, split, some(200))
    every = read_split("masakhaner", "ner", "lug", split, tmp_path, labels={"DATE": "O"})
    assert {tag for one in every for tag in one["tags"]} == set(NER.usual)
    drawn = {"size": 30, "seed": 4}
    found = read_split("masakhaner", "ner", "lug", split, tmp_path, labels={"DATE": "O"}, drawn=drawn)
    held = [one for one in every if split == "test" or any(tag != "O" for tag in one["tags"])]
    assert len(held) == (200 if split == "test" else 100)
    assert {one["id"] for one in found} == {one["id"] for one in by_hash(held, 30, 4)}
    assert found == [one for one in every if one in found]
    smaller = read_split("masakhaner", "ner", "lug", split, tmp_path, labels={"DATE": "O"}, drawn=drawn | {"size": 9})
    assert all(one in found for one in smaller), "draws are nested"


def test_more_than_there_is_is_refused(tmp_path):
    write(tmp_path, "train", some(200))
    with pytest.raises(DataError, match=r"101 sentences with an entity asked for, 100 are there; lower target_sizes\."):
        read_split("masakhaner", "ner", "lug", "train", tmp_path, labels={"DATE": "O"}, drawn={"size": 101, "seed": 1})


def preset(**changes):
    """Return an experiment with Luganda from Swahili; `changes` of the task lie over it."""
    ner = {"corpus": "masakhaner", "source": "swa", "targets": [{"language": "lug"}], "source_size": 50}
    return load(experiment(preset="paper", figure=None, ner=ner | changes, sentiment=NONE))


def test_only_targets_are_drawn_from_and_the_source_stays_whole():
    plan = DataPlan(preset(target_sizes={"train": 100, "test": 1000}))
    for code, split, size in (
        ("lug", "train", 100),
        ("lug", "dev", None),
        ("lug", "test", 1000),
        ("swa", "train", None),
    ):
        options = plan.options("ner", code, split)
        reading = json.loads(options[options.index("--reading") + 1]) if "--reading" in options else {}
        assert reading.get("drawn") == (size and {"size": size, "seed": plan.config.data_seed})
    assert plan.inputs("ner", "lug", "dev") == [Path("results/raw/masakhaner/lug/dev.txt")]


def test_a_cross_validated_target_cannot_be_drawn_from(tmp_path):
    file = tmp_path / "lug.tsv"
    file.write_text("\n\n".join(f"Ada\tB-PER\nsaw\tO\nOslo{n}\tB-LOC" for n in range(60)) + "\n")
    files = {"ner": {"lug": {"path": str(file), "folds": 3}}}
    config = load(
        experiment(
            preset="paper",
            files=files,
            ner={"source": "en", "targets": [{"language": "lug"}], "target_sizes": {"train": 10}},
            sentiment=NONE,
            figure=None,
        )
    )
    assert any("target_sizes: lug is cross-validated" in fault.text for fault in find_faults(config))


def test_dates_are_a_type_unless_they_are_mapped():
    assert "B-DATE" in label_set(preset(), "ner").classes
    assert label_set(preset(labels={"DATE": "O"}), "ner").classes == NER.usual


def test_every_file_is_pinned_and_an_unknown_language_is_told():
    corpus = find_corpus("masakhaner")
    assert len(corpus.languages) == 19
    (path,) = raw_files("masakhaner", "wol", "test")
    file = corpus.file(path.removeprefix("masakhaner/"))
    assert file.urls[0].endswith("/MasakhaNER2.0/data/wol/test.txt")
    assert file.sha256 == corpus.sha256["wol/test.txt"]
    with pytest.raises(ConfigError, match="masakhaner: has no 'de'"):
        raw_files("masakhaner", "de", "test")


@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no copy of the corpus at {MIRROR}")
@pytest.mark.slow
def test_the_real_files_are_those_pinned_and_give_what_the_preset_asks_for():
    corpus = find_corpus("masakhaner")
    for code in sorted(path.name for path in MIRROR.iterdir()):
        for split, size in (("train", 100), ("dev", 100), ("test", 1000)):
            path = MIRROR / code / f"{split}.txt"
            assert sha256_file(path) == corpus.file(f"{code}/{split}.txt").sha256
            if code != "swa":
                drawn = {"size": size, "seed": 42}
                records = read_split("masakhaner", "ner", code, split, MIRROR / code, labels={"DATE": "O"}, drawn=drawn)
                assert len(records) == (996 if (code, split) == ("tsn", "test") else size)
