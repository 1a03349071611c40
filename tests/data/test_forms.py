"""The same sentences in every form that people keep them in are the same records."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import re
from collections import Counter

import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow.parquet import write_table

from metaxl.data.corpora import user_files
from metaxl.data.read import read_split
from metaxl.data.splits import fold_parts, share_out
from metaxl.data.tags import to_iob2
from metaxl.errors import DataError
from metaxl.tasks import entity_spans

# Neighbours of one type, an entity of three words, one at the end, a word with a colon, one that is a mark.
SENTENCES = [
    [("Omu", "O"), ("Nakato", "B-PER"), ("Musoke", "I-PER"), ("Achen", "B-PER"), ("mu", "O"), ("Gulu", "B-LOC")],
    [("#", "O"), ("a:b", "O"), ("Stanbic", "B-ORG"), ("Bank", "I-ORG"), ("Uganda", "I-ORG")],
    [("Era", "O"), ("ne", "O")],
]
NAMES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-DATE", "I-DATE"]
RECORDS = [
    {"id": f"train-{number}", "tokens": [w for w, _ in sentence], "tags": [t for _, t in sentence]}
    for number, sentence in enumerate(SENTENCES)
]


def lines(line, between="\n", sentences=SENTENCES):
    return between.join("".join(line(i, w, t) + "\n" for i, (w, t) in enumerate(s, 1)) for s in sentences)


def dated():
    """Return the sentences with a date of two words put where nothing was."""
    return [[*SENTENCES[0], ("July", "B-DATE"), ("12", "I-DATE")], *SENTENCES[1:]]


def iob1(tags):
    """Return IOB1: B- only between neighbours of one type."""
    before = ["O", *tags]
    return [
        tag if tag == "O" or (tag[0] == "B" and previous[2:] == tag[2:]) else f"I-{tag[2:]}"
        for previous, tag in zip(before, tags, strict=False)
    ]


def bioes(tags, single="S", last="E"):
    after = [*tags, "O"][1:]
    marks = {("B", False): single, ("B", True): "B", ("I", False): last, ("I", True): "I"}
    return [
        tag if tag == "O" else f"{marks[tag[0], following == f'I-{tag[2:]}']}-{tag[2:]}"
        for tag, following in zip(tags, after, strict=True)
    ]


def retagged(scheme):
    return [list(zip([w for w, _ in s], scheme([t for _, t in s]), strict=True)) for s in SENTENCES]


def kaggle():
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["Sentence #", "Word", "POS", "Tag"])
    for number, sentence in enumerate(SENTENCES, 1):
        for place, (word, tag) in enumerate(sentence):
            rows.writerow([f"Sentence: {number}" if not place else "", word, "NN", tag])
    return file.getvalue()


def jsonl(tokens="tokens", tags="tags", number=None):
    return "".join(
        json.dumps({"id": 7, tokens: [w for w, _ in s], tags: [NAMES.index(t) if number else t for _, t in s]}) + "\n"
        for s in SENTENCES
    )


PLAIN = lines(lambda i, w, t: f"{w}\t{t}")
WIKIANN = lines(lambda i, w, t: f"lug:{w}\t{t}")
CONLL2003 = "-DOCSTART- -X- -X- O\n\n" + lines(lambda i, w, t: f"{w} NN B-NP {t}")
UNER = lines(lambda i, w, t: f"{i}\t{w}\t{t}\t-\t-", "\n# sent_id = 2\n# text = Omu ... O\n")
FORMS = {
    "columns by tab": ("train.tsv", PLAIN, {}),
    "columns by space": ("train.txt", lines(lambda i, w, t: f"{w} {t}"), {}),
    "gzip": ("train.tsv.gz", gzip.compress(PLAIN.encode()), {}),
    "WikiANN's marks in a .txt": ("train.txt", WIKIANN, {}),
    "MasakhaNER, dates mapped": (
        "train.txt",
        lines(lambda i, w, t: f"{w} {t}", sentences=dated()),
        {"labels": {"DATE": "O"}},
    ),
    "CoNLL-2003": ("train.conll", CONLL2003, {}),
    "CoNLL-2003 with documents alone": ("train.tsv", "-DOCSTART-\tO\n\n" + PLAIN, {}),
    "named columns": (
        "train.tsv",
        lines(lambda i, w, t: f"{t}\tx\t{w}"),
        {"columns": {"word": 3, "tag": 1}},
    ),
    "UNER": ("train.iob2", f"# sent_id = 1\n# text = Omu ... O\n{UNER}", {}),
    "WikiNER (IOB1)": ("train.tsv", lines(lambda i, w, t: f"{w}\t{t}", sentences=retagged(iob1)), {}),
    "BIOES": ("train.bio", lines(lambda i, w, t: f"{w}\t{t}", sentences=retagged(bioes)), {}),
    "BILOU": (
        "train.tsv",
        lines(lambda i, w, t: f"{w}\t{t}", sentences=retagged(lambda tags: bioes(tags, "U", "L"))),
        {},
    ),
    "JSON lines": ("train.jsonl", jsonl(), {}),
    "the hub's keys": ("train.jsonl", jsonl("words", "ner_tags"), {}),
    "numbers with names": ("train.jsonl", jsonl("tokens", "ner_tags", number=True), {"names": NAMES}),
    "a JSON array": ("train.json", f"[{','.join(jsonl().splitlines())}]", {}),
    "JSON with one list": ("train.json", f'{{"version": 1, "data": [{",".join(jsonl().splitlines())}]}}', {}),
    "JSON lines called .json": ("train.json", jsonl(), {}),
    "a table with a column of sentences": ("train.csv", kaggle(), {}),
    "a table with blank rows": ("train.csv", lines(lambda i, w, t: f'"{w}",{t}'), {}),
    "WikiANN's own file": ("train", WIKIANN, {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_sentences_in_any_form_are_the_same_records(tmp_path, form):
    name, content, options = FORMS[form]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    records = read_split("files", "ner", "lug", "train", tmp_path, **options)
    if form == "MasakhaNER, dates mapped":
        assert records[0] == {
            "id": "train-0",
            "tokens": [*RECORDS[0]["tokens"], "July", "12"],
            "tags": [*RECORDS[0]["tags"], "O", "O"],
        }
        records[0] = RECORDS[0]
    assert records == RECORDS
    assert read_split("files", "ner", "lug", "train", tmp_path / name, **options)[1:] == RECORDS[1:], "the file alone"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with the sentences as the datasets library saves them, tags as numbers."""
    folder = tmp_path_factory.mktemp("saved")
    features = Features({"tokens": Sequence(Value("string")), "ner_tags": Sequence(ClassLabel(names=NAMES))})
    columns = {
        "tokens": [[w for w, _ in s] for s in SENTENCES],
        "ner_tags": [[NAMES.index(t) for _, t in s] for s in SENTENCES],
    }
    data = Dataset.from_dict(columns, features=features)
    data.save_to_disk(folder / "one")
    DatasetDict({"train": data, "validation": data}).save_to_disk(folder / "splits")
    (folder / "parquet").mkdir()
    (folder / "hub" / "data").mkdir(parents=True)
    data.to_parquet(folder / "parquet" / "train.parquet")
    for number, part in enumerate((data.select([0]), data.select([1, 2]))):
        part.to_parquet(folder / "hub" / "data" / f"train-{number:05}-of-00002.parquet")
    return folder


@pytest.mark.parametrize("form", ["one", "splits", "parquet", "hub"])
def test_what_the_datasets_library_saves_is_read(saved, form):
    """Numbers get the names that the data state; shards are one file; validation is dev."""
    assert read_split("files", "ner", "lug", "train", saved / form) == RECORDS
    if form == "splits":
        dev = read_split("files", "ner", "lug", "dev", saved / form)
        assert [record["tokens"] for record in dev] == [record["tokens"] for record in RECORDS]
        with pytest.raises(DataError, match="has no test, only train, validation"):
            user_files.find(saved / form, "test")


REVIEWS = [("bulungi, nnyo", "positive"), ("si birungi", "negative"), ('a "quoted"\tone', "positive")]


def sheet(delimiter, names=("text", "label")):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([names, *REVIEWS])
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("train.csv", sheet(","), {}),
        ("train.csv", sheet(";", ("Review", "Sentiment")), {}),
        ("train.tsv", sheet("\t", ("tweet", "class")), {}),
        ("train.csv", sheet(",", ("body", "stars")), {"columns": {"text": "body", "label": "stars"}}),
        ("train.jsonl", "".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in REVIEWS), {}),
        (
            "train.jsonl",
            "".join(json.dumps({"sentence": t, "label": ["negative", "positive"].index(y)}) + "\n" for t, y in REVIEWS),
            {"labels": {"0": "negative", "1": "positive"}},
        ),
        (
            "train.jsonl",
            "".join(json.dumps({"text": t, "label": y == "positive"}) + "\n" for t, y in REVIEWS),
            {"labels": {"False": "negative", "True": "positive"}},
        ),
        (
            "train.jsonl",
            "".join(json.dumps({"text": t, "label": y.upper()}) + "\n" for t, y in [*REVIEWS, ("so so", "neutral")]),
            {"labels": {"NEGATIVE": "negative", "POSITIVE": "positive", "NEUTRAL": "drop"}},
        ),
    ],
)
def test_the_same_texts_in_any_form_are_the_same_records(tmp_path, name, content, options):
    (tmp_path / name).write_text(content)
    records = read_split("files", "sentiment", "lug", "train", tmp_path, **options)
    assert [(record["text"], record["label"]) for record in records] == REVIEWS


TELLS = {
    "documents": ("-DOCSTART-\tO\n\na\tO\n\n-DOCSTART-\tO\n\nb\tO\n", "2 -DOCSTART- lines are left out"),
    "comments": ("# a\n# b\nw\tB-PER\n", "2 comment lines are left out"),
    "prefix": ("lug:a\tO\nlug:b:c\tO\n", "'lug:' before every word, WikiANN's mark of the language, is removed"),
    "orphans": ("a\tI-PER\nb\tI-LOC\n", "2 tags were brought to IOB2, the same entities: I- to B- (2)"),
    "mapped": ("a\tB-GPE\nb\tI-GPE\n", "1 entities were mapped: GPE to LOC (1)"),
    "one giant sentence": ("a\tO\n" * 60, "1 sentence of 60 words; is the blank line after each sentence missing?"),
    "few giant sentences": (("a\tO\n" * 150 + "\n") * 3, "3 sentences of 150 words; is the blank line"),
    "columns": ("1\ta\tO\t-\n2\tb\tB-PER\t-\n", "words are taken from column 2, tags from column 3 of 4"),
}


@pytest.mark.parametrize("tell", TELLS)
def test_what_is_done_to_the_data_is_told_and_counted(tmp_path, caplog, tell):
    content, message = TELLS[tell]
    (tmp_path / "train.tsv").write_text(content)
    with caplog.at_level(logging.WARNING, logger="metaxl"):
        read_split("files", "ner", "lug", "train", tmp_path, labels={"GPE": "LOC"})
    assert len(caplog.messages) == 1
    assert message in caplog.messages[0]
    assert str(tmp_path) in caplog.messages[0]


def test_a_file_in_which_some_words_hold_a_colon_stays_as_it_is(tmp_path, caplog):
    (tmp_path / "train.tsv").write_text("lug:a\tO\nb\tO\nlug:c\tO\n")
    with caplog.at_level(logging.WARNING, logger="metaxl"):
        (record,) = read_split("files", "ner", "lug", "train", tmp_path)
    assert record["tokens"] == ["lug:a", "b", "lug:c"]
    assert not caplog.messages


types = st.sampled_from(["PER", "LOC", "DATE"])
spans = st.lists(st.tuples(st.integers(0, 3), types), max_size=5)  # words of an entity, 0 for a word outside


@settings(deadline=None)
@given(spans)
def test_every_scheme_gives_the_same_entities(parts):
    """To IOB2 and back; what is IOB2 stays as it is."""
    tags = [f"{'B' if not i else 'I'}-{kind}" if n else "O" for n, kind in parts for i in range(max(n, 1))]
    for scheme in (iob1, bioes, lambda tags: bioes(tags, "U", "L")):
        changed = Counter()
        assert to_iob2(scheme(tags), changed) == tags
        assert changed.total() == sum(one != other for one, other in zip(scheme(tags), tags, strict=True))
    assert to_iob2(tags, changed := Counter()) == tags
    assert not changed


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", "B-PER", "I-PER", "I-LOC", "B-LOC"]), max_size=8))
def test_any_tags_become_iob2_with_the_entities_that_conlleval_sees(tags):
    converted = to_iob2(tags, Counter())
    assert entity_spans(converted, strict=True) == entity_spans(tags, strict=False)


texts = st.lists(st.tuples(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.booleans()), min_size=30, max_size=80)


def sentences_of(items):
    """Return records whose text decides whether they hold an entity; texts recur."""
    return [
        {"id": f"all-{i}", "tokens": [word, "x"], "tags": ["B-PER" if word < "n" else "O", "O"]}
        for i, (word, _) in enumerate(items)
    ]


@settings(deadline=None, max_examples=40)
@given(texts, st.randoms(use_true_random=False))
def test_splits_are_complete_disjoint_and_independent_of_order(items, random):
    """Nothing is lost or there twice, no text in two parts, and the file's order decides nothing."""
    records = sentences_of(items)
    shares = {"dev": 0.2, "test": 0.3}
    try:
        parts = share_out(records, shares, 42, "x")
    except DataError:
        assert len({record["tokens"][0] for record in records}) < 15
        return
    assert sorted(r["id"] for part in parts.values() for r in part) == sorted(r["id"] for r in records)
    seen = [{r["tokens"][0] for r in part} for part in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen))
    again = share_out(random.sample(records, len(records)), shares, 42, "x")
    assert {k: sorted(r["id"] for r in v) for k, v in again.items()} == {
        k: sorted(r["id"] for r in v) for k, v in parts.items()
    }


def test_splits_keep_the_share_of_every_stratum():
    """Within one example, where no text recurs; another seed splits otherwise."""
    records = [{"id": f"all-{i}", "tokens": [f"w{i}"], "tags": ["B-PER" if i % 4 == 0 else "O"]} for i in range(200)]
    parts = share_out(records, {"dev": 0.1, "test": 0.25}, 42, "x")
    for name, share in (("dev", 0.1), ("test", 0.25), ("train", 0.65)):
        tagged = sum(record["tags"] == ["B-PER"] for record in parts[name])
        assert abs(tagged - 50 * share) <= 1
        assert abs(len(parts[name]) - 200 * share) <= 2
    assert parts["test"] != share_out(records, {"dev": 0.1, "test": 0.25}, 43, "x")["test"]


@settings(deadline=None, max_examples=40)
@given(texts, st.integers(3, 6))
def test_folds_test_every_example_once_and_never_train_on_its_text(items, folds):
    """Each is test in one fold and dev in another; a text of test is in neither train nor dev of its fold."""
    records = sentences_of(items)
    assume(len({word for word, _ in items}) >= folds)
    parts = [fold_parts(records, folds, fold, 42, "x") for fold in range(1, folds + 1)]
    for role in ("test", "dev"):
        assert sorted(r["id"] for part in parts for r in part[role]) == sorted(r["id"] for r in records)
    for part in parts:
        assert sorted(r["id"] for role in part.values() for r in role) == sorted(r["id"] for r in records)
        words = {role: {r["tokens"][0] for r in own} for role, own in part.items()}
        assert not words["test"] & (words["train"] | words["dev"])
        assert not words["dev"] & words["train"]


def test_one_file_is_split_or_folded_as_asked(tmp_path):
    """Every part comes from the one file, with ids that are unique in it."""
    path = tmp_path / "lug.tsv"
    path.write_text("\n".join(f"w{i}\t{'B-PER' if i % 2 else 'O'}\n" for i in range(100)))
    shares = {"splits": {"dev": 0.2, "test": 0.2}, "seed": 42}
    parts = {s: read_split("files", "ner", "lug", s, path, **shares) for s in ("train", "dev", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 60, "dev": 20, "test": 20}
    assert len({record["id"] for part in parts.values() for record in part}) == 100
    fold = read_split("files", "ner", "lug", "test", path, folds=5, fold=2, seed=42)
    assert len(fold) == 20
    assert len(read_split("files", "ner", "lug", "train", path, folds=5, seed=42)) == 100, "a source is the whole file"
    with pytest.raises(DataError, match=re.escape("splits: {dev: 0.2, test: 0.2}} or")):
        read_split("files", "ner", "lug", "dev", path)
    with pytest.raises(DataError, match="is cross-validated, so lug has no dev of its own"):
        read_split("files", "ner", "lug", "dev", path, folds=5)


def test_a_part_that_has_no_file_is_split_off_train(tmp_path):
    """And a part that has one is left alone."""
    for name in ("train", "test"):
        (tmp_path / f"{name}.tsv").write_text("\n".join(f"{name}{i}\tO\n" for i in range(50)))
    read = {
        split: read_split("files", "ner", "lug", split, tmp_path, splits={"dev": 0.2}, seed=1)
        for split in ("train", "dev", "test")
    }
    assert {split: len(part) for split, part in read.items()} == {"train": 40, "dev": 10, "test": 50}
    assert all(record["tokens"][0].startswith("train") for record in read["dev"])


def test_folds_are_made_of_one_file_alone(tmp_path):
    """What has a dev or test set of its own would mix with the folds of train."""
    for name in ("train", "test"):
        (tmp_path / f"{name}.tsv").write_text("\n".join(f"{name}{i}\tO\n" for i in range(20)))
    for split in ("train", "dev", "test"):
        with pytest.raises(
            DataError, match="has test of its own, but folds cross-validate one file; leave out `folds: 4`"
        ):
            user_files.find(tmp_path, split, folds=4)
    (tmp_path / "test.tsv").unlink()
    assert {user_files.find(tmp_path, split, folds=4) for split in ("train", "dev", "test")} == {tmp_path / "train.tsv"}
    archive = tmp_path / "lug.tar.gz"
    archive.write_bytes(b"")
    for options in ({"folds": 4}, {"splits": {"dev": 0.2}}):
        with pytest.raises(DataError, match=r"has (train, )?dev and test of its own"):
            user_files.find(archive, "dev", **options)


TWO_NAMED = Features(
    {
        "tokens": Sequence(Value("string")),
        "pos_tags": Sequence(ClassLabel(names=["X", "Y", "Z"])),
        "ner_tags": Sequence(ClassLabel(names=["O", "B-PER", "I-PER"])),
    }
)


@pytest.mark.parametrize("form", ["saved", "parquet"])
def test_numbers_get_the_names_of_the_column_that_is_read(tmp_path, form):
    """CoNLL-2003 on the hub has classes of parts of speech before those of entities."""
    rows = {"tokens": [["Ada", "ran"]], "pos_tags": [[2, 0]], "ner_tags": [[1, 0]]}
    data = Dataset.from_dict(rows, features=TWO_NAMED)
    data.save_to_disk(tmp_path) if form == "saved" else data.to_parquet(tmp_path / "train.parquet")
    assert read_split("files", "ner", "lug", "train", tmp_path)[0]["tags"] == ["B-PER", "O"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", "[]"),
        ("state.json", "{"),
        ("dataset_info.json", "[]"),
        ("dataset_info.json", '{"features": {"tokens": {"_type": "NoSuchType"}}}'),
        ("dataset_info.json", '{"features": []}'),
    ],
)
def test_damaged_metadata_of_a_saved_data_set_are_told(tmp_path, name, content):
    Dataset.from_dict({"tokens": [["a"]], "tags": [["O"]]}).save_to_disk(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="cannot be read as a saved data set"):
        read_split("files", "ner", "lug", "train", tmp_path)


@pytest.mark.parametrize("metadata", ['{"info": {"features": {"tokens": {"_type": "NoSuchType"}}}}', "[]", "{", None])
def test_metadata_and_columns_of_parquet_that_the_library_cannot_read_are_told(tmp_path, metadata):
    """Unknown types and bad JSON in what the file says of itself, or a column that is a map."""
    map_type = pa.map_(pa.string(), pa.int64())
    table = pa.table({"tokens": [["a"]], "more": pa.array([[("k", 1)]], map_type)})
    if metadata is not None:
        table = pa.table({"tokens": [["a"]]}).replace_schema_metadata({"huggingface": metadata})
    write_table(table, tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"cannot be read as parquet|has no 'tags'"):
        read_split("files", "ner", "lug", "train", tmp_path)


@pytest.mark.parametrize(
    ("task", "name", "content", "message"),
    [
        ("ner", "train.jsonl", '{"tokens": ["a", "b"], "tags": [1, -1]}', "the tag -1 is no number from 0 to 8"),
        ("ner", "train.jsonl", '{"tokens": ["a", "b"], "tags": [1, 9]}', "as the names say: 'O, B-PER, I-PER"),
        ("ner", "train.tsv", "a\t1\nb\t9\n", "the tag '9' is no number from 0 to 8"),
        ("ner", "train.csv", "word,tag\na,1\nb,-1\n", "the tag '-1' is no number"),
        ("sentiment", "train.csv", "text,label\na,1\nb,9\n", "the label '9' is no number"),
        ("sentiment", "train.jsonl", '{"text": "a", "label": -1}', "the label -1 is no number"),
    ],
)
def test_a_number_outside_the_names_is_a_fault(tmp_path, task, name, content, message):
    """It would else become a class of its own."""
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=re.escape(message)):
        read_split("files", task, "lug", "train", tmp_path, names=NAMES)


@pytest.mark.parametrize(("name", "content"), [("train.tsv", "a\t1\nb\t0\n"), ("train.csv", "word,tag\na,1\nb,0\n")])
def test_digits_in_a_table_get_the_names_that_are_given(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read_split("files", "ner", "lug", "train", tmp_path, names=NAMES)[0]["tags"] == ["B-PER", "O"]


def test_numbers_of_texts_without_names_are_classes(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,1\nb,0\n")
    assert [record["label"] for record in read_split("files", "sentiment", "lug", "train", tmp_path)] == ["1", "0"]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("sentence_id,mot,tag\n1,Ada,B-PER\n1,ran,O\n", None),
        ("sentence_id,mot,etiquette\n1,Ada,B-PER\n1,ran,O\n", None),
        ("mot,etiquette\nAda,B-PER\nran,O\n", None),
        ("1,Ada,B-PER\n2,ran,O\n", None),
        ("token,O\nAda,B-PER\nran,O\n", None),
        ("Mot,Nature,Etiquette\nAda,N,B-PER\nran,V,O\n", {"word": "MOT", "tag": 3}),
        ("N,Ada,B-PER\nV,ran,O\n", {"word": 2}),
    ],
)
def test_words_of_a_table_are_never_the_numbers_of_sentences(tmp_path, content, columns):
    """A header of unknown names is helped by the content, or by columns."""
    (tmp_path / "train.csv").write_text(content)
    (record,) = read_split("files", "ner", "lug", "train", tmp_path, columns=columns)
    assert (record["tokens"], record["tags"]) == (["Ada", "ran"], ["B-PER", "O"])


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("id,mot,nature,tag\n1,Ada,N,B-PER\n", None, "the first row, 'id, mot, nature, tag', does not tell which col"),
        ("a,b\nc,d\n", None, "holds the words and tags; write columns: {word: 2, tag: 3}"),
        ("Ada,B-PER\n", {"word": "mot"}, "has no header; columns.word is 'mot', expected a number from 1 to 2"),
        ("mot,tag\nAda,B-PER\n", {"word": "wort"}, "no column 'wort'; there are mot, tag"),
    ],
)
def test_a_table_whose_columns_are_not_clear_is_refused(tmp_path, content, columns, message):
    (tmp_path / "train.csv").write_text(content)
    with pytest.raises(DataError, match=re.escape(message)):
        read_split("files", "ner", "lug", "train", tmp_path, columns=columns)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("Body,Stars\na,x\nb,x\n", {"text": "BODY", "label": "Stars"}),
        ("Stars,Body\nx,a\nx,b\n", {"text": 2, "label": 1}),
        ("a,x\nb,x\n", {"text": 1, "label": 2}),
    ],
)
def test_columns_of_texts_are_given_by_name_or_number(tmp_path, content, columns):
    """Names in any case; by number a file without a header keeps its first row."""
    (tmp_path / "train.csv").write_text(content)
    records = read_split("files", "sentiment", "lug", "train", tmp_path, columns=columns)
    assert [(record["text"], record["label"]) for record in records] == [("a", "x"), ("b", "x")]


def test_only_the_mapping_drops(tmp_path):
    """A class that the data call "drop" is one."""
    (tmp_path / "train.csv").write_text("text,label\na,drop\nb,up\nc,flat\n")
    records = read_split("files", "sentiment", "lug", "train", tmp_path, labels={"flat": "drop"})
    assert [record["label"] for record in records] == ["drop", "up"]


def test_a_type_called_o_is_refused(tmp_path):
    """It would vanish as no entity."""
    (tmp_path / "train.tsv").write_text("a\tB-O\nb\tB-ORG\n")
    with pytest.raises(DataError, match=r"'B-O' is no tag: O is no type"):
        read_split("files", "ner", "lug", "train", tmp_path)


def test_a_line_break_between_quotation_marks_of_a_tsv_is_a_fault(tmp_path):
    """It would make one text of several silently."""
    (tmp_path / "train.tsv").write_text('text\tlabel\n"a\tx\nb\tx\nc"\tx\n')
    with pytest.raises(DataError, match=r"train\.tsv:2: a line break stands between two quotation marks"):
        read_split("files", "sentiment", "lug", "train", tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.tsv", "Ada\tB-PER\tB-NP\nran\tO\tO\n"),
        ("train.csv", "mot,ner1,chunk\nAda,B-PER,B-NP\nran,O,O\n"),
    ],
)
def test_which_of_several_columns_of_tags_is_taken_is_told(tmp_path, caplog, name, content):
    (tmp_path / name).write_text(content)
    with caplog.at_level(logging.WARNING, logger="metaxl"):
        (record,) = read_split("files", "ner", "lug", "train", tmp_path)
    assert record["tags"] == ["B-NP", "O"]
    assert "the columns 2, 3 hold tags, of which column 3 is taken" in caplog.messages[0]


@pytest.mark.parametrize("options", [{"splits": {"dev": 0.2, "test": 0.2}}, {"folds": 5, "fold": 1}])
def test_parts_have_their_share_of_what_the_mapping_leaves(tmp_path, options):
    """Of entities that become none, a part may have any number; of the others it has its share."""
    path = tmp_path / "lug.tsv"
    path.write_text("\n".join(f"w{i}\t{'B-DATE' if i % 10 else 'B-PER'}\n" for i in range(100)))
    for split in ("dev", "test"):
        part = read_split("files", "ner", "lug", split, path, labels={"DATE": "O"}, seed=1, **options)
        assert sum(record["tags"] == ["B-PER"] for record in part) == 2


def test_texts_that_differ_in_what_no_one_sees_stay_together():
    """In case, width, invisible characters or spaces."""
    alike = ["Ada  ran", "ADA RAN", "A\u200dda ran\ufeff", "\uff21da ran", "Ada\u00a0ran"]
    records = [{"id": str(i), "text": text, "label": "x"} for i, text in enumerate([*alike, *map(str, range(30))])]
    for seed in range(5):
        parts = fold_parts(records, 3, 1, seed, "x")
        assert sum(any(record["text"] in alike for record in part) for part in parts.values()) == 1
    assert records[1]["text"] == "ADA RAN", "for comparison only"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tO\n\n" * 100, "only 1 different text of 100 examples (equal texts stay together)"),
        (
            "a\tO\n" * 60,
            "only 1 different text of 1 example (60 words; is the blank line after each sentence missing?)",
        ),
    ],
)
@pytest.mark.parametrize("options", [{"splits": {"dev": 0.2, "test": 0.2}}, {"folds": 5, "fold": 1}])
def test_why_a_file_cannot_be_split_is_told(tmp_path, content, message, options):
    (tmp_path / "lug.tsv").write_text(content)
    with pytest.raises(DataError, match=re.escape(message)):
        read_split("files", "ner", "lug", "test", tmp_path / "lug.tsv", **options)


def test_a_header_in_a_file_of_columns_is_told_as_such(tmp_path):
    (tmp_path / "train.tsv").write_text("Word\tTag\nAda\tB-PER\nran\tO\n")
    with pytest.raises(DataError, match=r"train\.tsv:1: 'Word Tag' looks like a header, .* remove the line\.$"):
        read_split("files", "ner", "lug", "train", tmp_path)


@pytest.mark.parametrize(
    ("task", "name", "content"),
    [
        ("ner", "train.tsv", "a\tO\nb\t" + "X" * 9999),
        ("ner", "train.tsv", "a\tO\nb" + "X" * 9999),
        ("ner", "train.jsonl", json.dumps({"tokens": ["\0" * 9999], "tags": ["O"]})),
        ("sentiment", "train.jsonl", json.dumps({"text": "a", "label": ["x" * 9999]})),
        ("sentiment", "train.jsonl", json.dumps({"x" * 9999: "a"})),
    ],
)
def test_a_huge_value_does_not_fill_the_message(tmp_path, task, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as caught:
        read_split("files", task, "lug", "train", tmp_path)
    assert len(str(caught.value)) < 500


def test_a_name_that_no_file_can_have_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be looked up"):
        user_files.find(tmp_path / ("a" * 300), "train")
