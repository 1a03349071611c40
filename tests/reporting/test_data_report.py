"""The data report counts what was planted, for every part and encoder, credits every source and drops nothing."""

from __future__ import annotations

import json
import unicodedata
from copy import deepcopy
from dataclasses import asdict
from itertools import chain

import pytest
from conftest import make_tokenizer
from experiments import experiment, load, shipped
from hypothesis import given, settings
from hypothesis import strategies as st
from records import usual_labels
from tokenizers import Tokenizer, models, pre_tokenizers

from metaxl.data.counts import describe, different_texts
from metaxl.data.encode import encode, load_tokenizer
from metaxl.data.formats.records import text_of, words_of
from metaxl.downloads.registry import find_corpus, known_encoder
from metaxl.files import read_json, read_jsonl, write_json, write_jsonl
from metaxl.reporting.data.credits import credits_of
from metaxl.reporting.data.files import ReportSpec, report_spec
from metaxl.reporting.data.summary import DATA_COLUMNS, ENCODED_COLUMNS, _credit, write_report

# Example 1 repeats 0, and example 2 does so in decomposed letters; 3 and 4 have three tags that continue nothing.
PLANTED = [
    {"id": "0", "tokens": ["Córdoba", "sleeps"], "tags": ["B-LOC", "O"]},
    {"id": "1", "tokens": ["Córdoba", "sleeps"], "tags": ["B-LOC", "O"]},
    {"id": "2", "tokens": [unicodedata.normalize("NFD", "Córdoba"), "sleeps"], "tags": ["B-ORG", "O"]},
    {"id": "3", "tokens": ["Ada", "Lovelace", "and", "Bo"], "tags": ["I-PER", "I-PER", "O", "I-PER"]},
    {"id": "4", "tokens": ["Oslo", "Ada", "Lovelace"], "tags": ["B-LOC", "I-PER", "I-PER"]},
]
REVIEWS = [
    {"id": "0", "text": "good  phone", "label": "positive"},
    {"id": "1", "text": " good phone\n", "label": "negative"},
    {"id": "2", "text": "a bad phone", "label": "negative"},
]


def test_description_counts_what_was_planted():
    """Repeats in whatever composition or spacing, entities by their first words."""
    assert describe(PLANTED) == {
        "examples": 5,
        "mean_words": 2.6,
        "median_words": 2,
        "most_words": 4,
        "repeated": 2,
        "labels": {"B-LOC": 3, "B-ORG": 1, "I-PER": 5, "O": 4},
        "entities": 4,
    }
    assert describe(REVIEWS) == {
        "examples": 3,
        "mean_words": 2.33,
        "median_words": 2,
        "most_words": 3,
        "repeated": 1,
        "labels": {"negative": 2, "positive": 1},
    }


def test_words_are_tokens_and_what_stands_between_spaces():
    """A space inside a token does not make it two words: the encoder labels it once."""
    assert words_of({"tokens": ["a\u00a0b", "c d"]}) == 2
    assert words_of({"text": " a\u00a0b \n c"}) == 3


@settings(deadline=None)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_texts_compare_alike_in_every_composition(tokens):
    """Decomposing a sentence's letters never makes it another sentence."""
    apart = [unicodedata.normalize("NFD", token) for token in tokens]
    assert text_of({"tokens": apart}) == text_of({"tokens": tokens}) == text_of({"text": " \n ".join(tokens)})


def test_a_text_that_stands_twice_is_one_text():
    assert different_texts(PLANTED) == {"córdoba sleeps", "ada lovelace and bo", "oslo ada lovelace"}
    assert different_texts(REVIEWS) == {"good phone", "a bad phone"}


def make_byte_tokenizer(folder):
    """Write a tokenizer that knows every byte and nothing else, so that nothing is unknown to it."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.save(str(folder / "tokenizer.json"))


# Words of the tokenizer are w0 to w59, two subwords with an s; everything else is unknown to it.
LONG = {"id": "9", "tokens": ["w1"] * 7 + ["w2s", "w3"], "tags": ["O"] * 7 + ["B-LOC", "I-LOC"]}
SENTENCES = {
    "qu train": [*PLANTED, LONG],
    "qu dev": [PLANTED[0], {"id": "5", "tokens": ["w1s", "\u200b", "w2"], "tags": ["B-PER", "B-ORG", "O"]}],
    "qu test": [{"id": "6", "tokens": ["w4", "w5s", "w6"], "tags": ["B-PER", "O", "B-LOC"]}],
    "en source": [PLANTED[3], LONG],
    "es source": [{"id": "7", "tokens": ["w4", "w5s", "w6"], "tags": ["O", "O", "O"]}, PLANTED[0]],
}
TEXTS = {
    "te train": [*REVIEWS, {"id": "8", "text": "w1 w2s qqq", "label": "positive"}],
    "te dev": REVIEWS[2:],
    "te test": [{"id": "3", "text": "w1 w1 w1 w1 w1 w1 w1 w1", "label": "positive"}],
    "en source": REVIEWS[1:],
}
RECORDS = {("ner", label): records for label, records in SENTENCES.items()}
RECORDS |= {("sentiment", label): records for label, records in TEXTS.items()}
LABELS = {task: usual_labels(task) for task in ("ner", "sentiment")}
NOTES = {("ner", "qu train"): ["my qu/train.tsv: 2 <b>odd</b>\nlines", "twice"], ("ner", "qu dev"): ["twice"]}
LENGTHS = {"training": {"max_length": 6, "eval_max_length": 8}, "source_size": 2}
SMALL = {
    "encoders": {"words": {"folder": "my words"}, "bytes": {"folder": "my bytes"}},
    "ner": {**LENGTHS, "encoder": "words", "targets": [{"language": "qu", "related": "es"}]},
    "sentiment": {**LENGTHS, "encoder": "words"},
    "figure": {"task": "ner", "encoder": "bytes", "target": "qu", "source": "en", "placement": [2]},
}


def small_report(root, **changes):
    """Lay out the records of `RECORDS` as the workflow does, and write their report; return it and its spec."""
    spec = report_spec(load(experiment(**{**SMALL, **changes})))
    for encoder, make in {"words": make_tokenizer, "bytes": make_byte_tokenizer}.items():
        (root / "encoders" / encoder).mkdir(parents=True)
        make(root / "encoders" / encoder)
    for file in spec.files:
        records = RECORDS[file.task, file.label]
        write_jsonl(root / file.path, records)
        for encoder in file.encoders:
            tokenizer = load_tokenizer(root / "encoders" / encoder, file.task)
            classes = LABELS[file.task].classes
            encode(tokenizer, file.task, records, file.limit, classes).save(root / file.encoded(encoder))
        for path in file.all_facts():
            write_json(root / path, {"notes": NOTES.get((file.task, file.label), [])})
    write_report(spec, LABELS, root, root / "data")
    return read_json(root / "data" / "report.json"), spec


def tables_of(root):
    """Return the tables of report.md, the head first, as lists of texts."""
    lines = (root / "data" / "report.md").read_text(encoding="utf-8").splitlines()
    blocks = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    tables = [block.strip().splitlines() for block in blocks if block.strip()]
    return [
        [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if "--" not in line] for table in tables
    ]


def test_report_states_the_numbers_and_drops_nothing(tmp_path):
    """One row a part with its counts, in the file as in the table; the data stay as they are."""
    before = deepcopy(RECORDS)
    report, spec = small_report(tmp_path)
    assert len(report["parts"]) == len(spec.files) == len(RECORDS)
    for facts, file in zip(report["parts"], spec.files, strict=True):
        address = {"task": file.task, "language": file.language, "part": file.part}
        assert facts == address | describe(RECORDS[file.task, file.label])
    assert tables_of(tmp_path)[0] == [
        list(DATA_COLUMNS),
        ["ner", "qu", "train", "6", "3.7", "2.5", "9", "5", "LOC 4, ORG 1", "2"],
        ["ner", "qu", "dev", "2", "2.5", "2.5", "3", "3", "LOC 1, ORG 1, PER 1", "0"],
        ["ner", "qu", "test", "1", "3.0", "3", "3", "2", "LOC 1, PER 1", "0"],
        ["ner", "en", "source", "2", "6.5", "6.5", "9", "1", "LOC 1", "0"],
        ["ner", "es", "source", "2", "2.5", "2.5", "3", "1", "LOC 1", "0"],
        ["sentiment", "te", "train", "4", "2.5", "2.5", "3", "", "negative 2, positive 2", "1"],
        ["sentiment", "te", "dev", "1", "3.0", "3", "3", "", "negative 1", "0"],
        ["sentiment", "te", "test", "1", "8.0", "8", "8", "", "positive 1", "0"],
        ["sentiment", "en", "source", "2", "2.5", "2.5", "3", "", "negative 2", "0"],
    ]
    assert [read_jsonl(tmp_path / file.path) for file in spec.files] == list(before.values())


def test_report_counts_texts_that_parts_share(tmp_path):
    """Every two splits of a target, and every source set beside every dev and test split of its task."""
    report, _ = small_report(tmp_path)
    splits = ["qu train & qu dev", "qu train & qu test", "qu dev & qu test"]
    sources = [f"qu {split} & {language} source" for split in ("dev", "test") for language in ("en", "es")]
    assert sorted(report["shared"]["ner"]) == sorted(splits + sources)
    found = {(task, pair): count for task, pairs in report["shared"].items() for pair, count in pairs.items() if count}
    assert found == {
        ("ner", "qu train & qu dev"): 1,
        ("ner", "qu dev & es source"): 1,
        ("ner", "qu test & es source"): 1,
        ("sentiment", "te train & te dev"): 1,
        ("sentiment", "te dev & en source"): 1,
    }
    text = (tmp_path / "data" / "report.md").read_text(encoding="utf-8")
    told = text[text.index("## Texts shared") : text.index("## What reading")]
    assert told.splitlines()[2:-1] == [f"- {task}: {pair} share {count}" for (task, pair), count in found.items()]


def test_report_tells_what_reading_told(tmp_path):
    """Each once, as text: what a file is called is no markup."""
    report, _ = small_report(tmp_path)
    assert report["notes"] == ["my qu/train.tsv: 2 <b>odd</b>\nlines", "twice"]
    text = (tmp_path / "data" / "report.md").read_text(encoding="utf-8")
    told = text[text.index("## What reading") : text.index("## Subwords")]
    assert told.splitlines()[2:-1] == ["- my qu/train.tsv: 2 &lt;b&gt;odd&lt;/b&gt; lines", "- twice"]


def test_names_of_folders_are_no_markup(tmp_path):
    report, _ = small_report(tmp_path, files={"ner": {"es": "my `es` <img src=x>"}})
    text = (tmp_path / "data" / "report.md").read_text(encoding="utf-8")
    assert "- ner es: **your own files**, ``my `es` <img src=x>``\n" in text
    assert {"my `es` <img src=x>"} <= {source.get("where") for source in report["sources"]}


def test_a_target_with_folds_has_the_test_of_each(tmp_path, monkeypatch):
    """Together they are all its examples; a text that stands in two folds is told."""
    for fold in (1, 2, 3):
        monkeypatch.setitem(RECORDS, ("ner", f"qu-fold{fold} test"), [PLANTED[max(fold, 2)], PLANTED[fold]])
    report, _ = small_report(tmp_path, files={"ner": {"qu": {"path": "my qu.tsv", "folds": 3}}}, figure=None)
    parts = [(part["language"], part["part"]) for part in report["parts"] if part["language"].startswith("qu")]
    assert parts == [(f"qu-fold{fold}", "test") for fold in (1, 2, 3)]
    assert report["shared"]["ner"]["qu-fold1 test & qu-fold2 test"] == 1
    assert report["shared"]["ner"]["qu-fold1 test & qu-fold3 test"] == 0


def test_report_without_shared_texts_says_none(tmp_path, monkeypatch):
    """An empty list of notes would leave the reader in doubt."""
    for number, key in enumerate(RECORDS):
        records = [{**PLANTED[4], "tokens": [f"w{number}", "a", "b"]}] if key[0] == "ner" else [REVIEWS[0]]
        monkeypatch.setitem(RECORDS, key, [{**record, "text": f"w{number}"} for record in records])
    small_report(tmp_path)
    assert "## Texts shared between parts\n\n- none\n" in (tmp_path / "data" / "report.md").read_text(encoding="utf-8")


def test_report_has_a_row_for_every_encoder_that_reads_a_part(tmp_path):
    """The figure's encoder for its target and source alone; planted unknown words, cuts and lost entities are found."""
    small_report(tmp_path)
    head, *rows = tables_of(tmp_path)[1]
    assert head == list(ENCODED_COLUMNS)
    by_place = {tuple(row[:4]): row[4:] for row in rows}
    # In train, 13 words of PLANTED and "w2s" in 10 subwords of LONG; a limit of 6 leaves four of these.
    unknown = f"{100 * 13 / 23:.1f}"
    assert by_place["words", "ner", "qu", "train"] == [f"{23 / 22:.2f}", unknown, "6", "1", "5", "0", "1"]
    # In dev, "w1s" is two subwords, the zero-width word none.
    assert by_place["words", "ner", "qu", "dev"] == ["1.00", "40.0", "8", "0", "0", "1", "1"]
    assert by_place["words", "ner", "qu", "test"] == ["1.33", "0.0", "8", "0", "0", "0", "0"]
    # Bytes: a space and the letters of each word; the second LOC of six bytes is beyond eight.
    assert by_place["bytes", "ner", "qu", "test"] == [f"{(3 + 4 + 3) / 3:.2f}", "", "8", "1", "0", "0", "0"]
    # Reviews have no words to lose: eight words and two special tokens are cut, and that is all.
    assert by_place["words", "sentiment", "te", "test"] == ["1.00", "0.0", "8", "1", "", "", ""]
    assert by_place["words", "sentiment", "te", "train"][:2] == [f"{11 / 10:.2f}", f"{100 * 8 / 11:.1f}"]
    readers = {place: {row[0] for row in rows if tuple(row[1:4]) == place} for place in {tuple(r[1:4]) for r in rows}}
    both = {("ner", "qu", split) for split in ("train", "dev", "test")} | {("ner", "en", "source")}
    assert readers == {place: {"words", "bytes"} if place in both else {"words"} for place in readers}
    assert len(readers) == len(RECORDS)


def test_counts_agree_with_another_tokenisation(tmp_path):
    """Word by word without special tokens or limit, by the tokenizers library alone."""
    report, spec = small_report(tmp_path)
    readings = [(file, encoder) for file in spec.files for encoder in file.encoders]
    for facts, (file, encoder) in zip(report["encoded"], readings, strict=True):
        tokenizer = Tokenizer.from_file(str(tmp_path / "encoders" / encoder / "tokenizer.json"))
        records = RECORDS[file.task, file.label]
        words = [r.get("tokens") or r["text"].split() for r in records]
        tokens = [t for word in chain(*words) for t in tokenizer.encode(word, add_special_tokens=False).tokens]
        assert (facts["words"], facts["subwords"]) == (len(list(chain(*words))), len(tokens))
        assert facts["unknown"] == (tokens.count("<unk>") if encoder == "words" else None)
        assert facts["limit"] == file.limit


def test_a_small_share_of_unknown_subwords_is_not_none(tmp_path, monkeypatch):
    """One of 4000 is less than a tenth of a percent, and more than nothing."""
    tokens = ["w1"] * 3999 + ["Q"]
    monkeypatch.setitem(RECORDS, ("ner", "qu test"), [{"id": "0", "tokens": tokens, "tags": ["O"] * 4000}])
    small_report(tmp_path)
    row = next(row for row in tables_of(tmp_path)[1] if row[:4] == ["words", "ner", "qu", "test"])
    assert row[4:] == ["1.00", "<0.1", "8", "1", "3994", "0", "0"]


def credits_by_use(**changes):
    return {credit.pop("used_for"): credit for credit in credits_of(report_spec(load(experiment(**changes))))}


def test_every_corpus_is_credited():
    """Own files one a folder, invented languages as such, and a registered corpus in the registry's words."""
    found = credits_by_use(
        files={"ner": {"gn": "my/gn", "es": "my/es"}},
        ner={"corpus": {"qu": "wikiann", "en": "wikiann"}},
        sentiment={"corpus": {"te": "sentiraama", "en": "reviews"}},
    )
    del found["encoder tiny"]
    wikiann, reviews, sentiraama = map(find_corpus, ("wikiann", "reviews", "sentiraama"))
    for credit in found.values():
        assert all(credit.values()), "what is not known is left out"
    assert found.pop("ner gn") == {"title": "your own files", "where": "my/gn"}
    assert found.pop("ner es") == {"title": "your own files", "where": "my/es"}
    for use, corpus in {"ner qu, en": wikiann, "sentiment en": reviews, "sentiment te": sentiraama}.items():
        credit, source = found.pop(use), corpus.citation
        assert (credit["title"], credit["licence"], credit["citation"]) == (
            source.title,
            source.licence,
            source.citation,
        )
        assert credit.get("caveat", "") == source.caveat
        assert credit["where"] == (corpus.repo or source.homepage)
        assert credit.get("revision", "") == corpus.revision
    assert not found
    synthetic = credits_by_use()["ner qu, gn, en, es; sentiment te, en"]
    assert synthetic == {"title": "synthetic languages, made by this project", "where": "docs/synthetic-languages.md"}


def test_every_encoder_is_credited():
    """A pre-trained one, a folder, one of the hub that the registry knows, and one that it does not."""
    known, revision = "FacebookAI/xlm-roberta-base", "e" * 40
    found = credits_by_use(
        encoders={"base": {"hub": known, "revision": revision}, "own": {"folder": "my/own"}, "new": {"hub": "x/y"}},
        ner={"encoder": "base"},
        sentiment={"encoder": "own"},
        figure={"encoder": "new"},
    )
    source = known_encoder(known).citation
    assert found["encoder base"] == {
        "title": source.title,
        "licence": source.licence,
        "citation": source.citation,
        "where": known,
        "revision": revision,
    } | ({"caveat": source.caveat} if source.caveat else {})
    assert found["encoder own"] == {"title": "your own encoder", "where": "my/own"}
    unknown = found["encoder new"]
    assert (unknown["title"], unknown["where"], unknown["revision"]) == ("x/y", "x/y", "main")
    assert unknown["caveat"] == "see its page for licence and citation"
    assert "encoder tiny" not in found, "nothing uses it"
    assert credits_by_use()["encoder tiny"] == {"title": "pre-trained by this project on the synthetic languages"}


def test_report_names_every_source(tmp_path):
    """Each with what is known of it, a line a fact."""
    report, _ = small_report(tmp_path, ner={**SMALL["ner"], "corpus": "wikiann"})
    text = (tmp_path / "data" / "report.md").read_text(encoding="utf-8")
    told = text[text.index("## Sources") :]
    source, corpus = find_corpus("wikiann").citation, find_corpus("wikiann")
    assert f"- ner qu, en, es: **{source.title}**, `{corpus.repo}`, revision `{corpus.revision}`\n" in told
    assert f"\n  - licence: {source.licence}\n  - citation: {source.citation}\n" in told
    assert "- encoder words: **your own encoder**, `my words`\n" in told
    assert "- encoder bytes: **your own encoder**, `my bytes`\n" in told
    assert told.count("\n- ") == len(report["sources"]) == 4


@pytest.mark.parametrize("preset", ["demo", "paper"])
def test_what_a_report_is_about_comes_back_from_its_text(preset):
    """What the workflow writes to a file is what the report reads."""
    spec = report_spec(load(shipped(preset)))
    assert ReportSpec.from_dict(json.loads(json.dumps(asdict(spec)))) == spec


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("my/data", "`my/data`"),
        ("a`b<img onerror=x>", "``a`b<img onerror=x>``"),
        ("`a``", "``` `a`` ```"),
        ("a\n\n# b", "`a\\n\\n# b`"),
        ("ü语", "`ü语`"),
        ("\u202eb", "`\\u202eb`"),
    ],
)
def test_the_name_of_a_folder_is_no_markup(name, shown):
    """In GitHub Markdown a run of backticks ends code that began with as many, and a blank line ends the list."""
    credit = {"used_for": "ner qu", "title": "your own files", "where": name}
    assert _credit(credit) == f"- ner qu: **your own files**, {shown}"
