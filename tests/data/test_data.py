"""Data come in as they are: every oddity that is legal is kept, every fault is told with file and line."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaxl.data.corpora import user_files
from metaxl.data.draw import by_hash, draw_source
from metaxl.data.read import read_split
from metaxl.errors import DataError
from metaxl.files import read_jsonl, write_jsonl
from metaxl.tasks import TASKS

BOM = b"\xef\xbb\xbf"
CAT = [{"id": "train-0", "tokens": ["Ada", "ran"], "tags": ["B-PER", "O"]}]
CATS = [*CAT, {"id": "train-1", "tokens": ["Oslo"], "tags": ["B-LOC"]}]
CONLL = b"Ada\tB-PER\nran\tO\n\nOslo\tB-LOC\n"
JSONL = b'{"tokens": ["Ada", "ran"], "tags": ["B-PER", "O"]}\n{"tokens": ["Oslo"], "tags": ["B-LOC"]}\n'
# Within a token: no-break space, next line, line and paragraph separators, a zero-width joiner, an astral letter.
ODD = ["a\u00a0b", "a\u0085b", "a\u2028b", "a\u2029b", "a\u200db", "\U00010900"]


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", user_files.COLUMNS)
@pytest.mark.parametrize(
    "content",
    [
        CONLL,
        CONLL.replace(b"\n", b"\r\n"),
        CONLL.replace(b"\n", b"\r"),
        BOM + CONLL,
        CONLL.rstrip(b"\n"),
        b"\n\n" + CONLL.replace(b"\n\n", b"\n \t\n\n") + b"\n\n",
        CONLL.replace(b"B-LOC", b" B-LOC "),
    ],
    ids=["plain", "CRLF", "CR", "BOM", "no final newline", "more blank lines", "spaces around a tag"],
)
def test_conll_reads_alike_however_it_was_saved(tmp_path, suffix, content):
    """Line ends, a byte order mark, blank lines and the last newline carry no meaning."""
    put(tmp_path, f"train{suffix}", content)
    assert user_files.read(tmp_path, "xx", "train", "ner") == CATS


@pytest.mark.parametrize(
    "content",
    [
        JSONL,
        JSONL.replace(b"\n", b"\r\n"),
        JSONL.replace(b"\n", b"\r"),
        BOM + JSONL,
        JSONL.rstrip(b"\n"),
        b"\n" + JSONL.replace(b"\n", b"\n\n"),
    ],
    ids=["plain", "CRLF", "CR", "BOM", "no final newline", "blank lines"],
)
def test_json_lines_read_alike_however_they_were_saved(tmp_path, content):
    """Likewise; fields that nobody asked for are left out, an id among them."""
    put(tmp_path, "train.jsonl", content.replace(b'{"tokens"', b'{"id": 7, "more": [1], "tokens"'))
    assert user_files.read(tmp_path, "xx", "train", "ner") == CATS


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl"])
def test_odd_characters_stay_inside_their_token(tmp_path, suffix):
    """Only a line feed ends a line: U+0085, U+2028 and U+2029 would break one in two for others."""
    record = {"tokens": ODD, "tags": ["O"] * len(ODD)}
    lines = "".join(f"{token}\tO\n" for token in ODD) if suffix == ".tsv" else json.dumps(record, ensure_ascii=False)
    put(tmp_path, f"dev{suffix}", lines.encode())
    assert user_files.read(tmp_path, "xx", "dev", "ner") == [{"id": "dev-0", **record}]
    write_jsonl(tmp_path / "out" / "dev.jsonl", [record])
    assert read_jsonl(tmp_path / "out" / "dev.jsonl") == [record], "and through the workflow's own files"


def test_reviews_keep_their_text_and_repeats(tmp_path):
    """A review is kept as written, inner and outer spaces too; none is dropped for being there before."""
    reviews = [
        {"text": "  good\u00a0phone\nreally ", "label": "positive"},
        {"text": "bad", "label": "negative"},
        {"text": "bad", "label": "positive"},
        {"text": "bad", "label": "negative"},
    ]
    write_jsonl(tmp_path / "test.jsonl", reviews)
    read = read_split("files", "sentiment", "xx", "test", tmp_path)
    assert read == [{"id": f"test-{number}", **review} for number, review in enumerate(reviews)]


# A colon could make every word look like WikiANN's; a NUL is refused; -DOCSTART- stands between documents.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\t\n\r\ufeff\0:")
TOKENS = st.text(CHARACTERS, min_size=1).filter(lambda word: word.strip() and word != "-DOCSTART-")
SENTENCES = st.lists(
    st.lists(st.tuples(TOKENS, st.sampled_from(TASKS["ner"].usual)), min_size=1, max_size=4), min_size=1, max_size=4
)


@settings(deadline=None)
@given(SENTENCES)
def test_what_is_written_is_read(tmp_path_factory, sentences):
    """Any tokens, in either form, come back whole and in order."""
    folder = tmp_path_factory.mktemp("any")
    put(folder, "train.tsv", "\n".join("".join(f"{w}\t{t}\n" for w, t in sentence) for sentence in sentences).encode())
    records = user_files.read(folder, "xx", "train", "ner")
    assert [list(zip(r["tokens"], r["tags"], strict=True)) for r in records] == sentences
    write_jsonl(folder / "dev.jsonl", [{**record, "id": 0} for record in records])
    again = user_files.read(folder, "xx", "dev", "ner")
    assert [(r["tokens"], r["tags"]) for r in again] == [(r["tokens"], r["tags"]) for r in records]


FAULTS = {
    "one column": ("ner", "tsv", b"a\tO\nb\n", 2, "expected 2 columns divided by tabs, found 1: 'b'."),
    "no tags at all": ("ner", "txt", b"a\nb\n", 1, "expected a word and its tag, divided by spaces, found 'a'."),
    "an extra column": ("ner", "conll", b"a\tO\nb\tO\n\nc\tNN\tO\n", 4, "expected 2 columns divided by tabs, found 3"),
    "an empty token": ("ner", "txt", b"a\tO\n \tO\n", 2, "the word ' ' is empty, or only spaces; remove it."),
    "a token of one no-break space": ("ner", "tsv", "\u00a0\tO\n".encode(), 1, "the word '\\xa0' is empty, or only"),
    "a NUL": ("ner", "tsv", b"a\0b\tO\n", 1, "the word 'a\\x00b' holds a NUL character; remove it."),
    "a type without a mark": (
        "ner",
        "tsv",
        b"a\tO\r\n\r\nb\tPER\r\n",
        3,
        "'PER' is no tag; expected O, or B- or I- with",
    ),
    "a tag in lower case": ("ner", "tsv", b"a\tO\nb\tb-LOC\n", 2, "must have its mark in capitals, such as B-LOC."),
    "a zero": ("ner", "tsv", b"a\t0\nb\tB-PER\n", 1, "the tag '0' is no tag; write the letter O where no entity is."),
    "Latin-1": (
        "ner",
        "tsv",
        b"a\tO\n\nb\xe9\tO\n",
        3,
        "byte 6 is not UTF-8; convert the file to UTF-8, if it is WINDOWS-1252",
    ),
    "UTF-16": ("ner", "tsv", "a\tO\n".encode("utf-16"), 1, "if it is UTF-16 with: iconv -f UTF-16 -t UTF-8."),
    "Latin-1 in JSON": ("sentiment", "jsonl", b'\n{"text": "\xe9"}', 2, "byte 11 is not UTF-8"),
    "other numbers": ("ner", "jsonl", b'\n{"tokens": ["a", "b"], "tags": ["O"]}', 2, "2 words but 1 tags; they must"),
    "bad JSON": ("ner", "jsonl", b'{"tokens": ["a"], "tags": ["O"]}\n{"tokens', 2, "not JSON: "),
    "no object": ("ner", "jsonl", b'["a"]', 1, "expected a JSON object, found list."),
    "brackets": ("ner", "jsonl", b"[" * 100_000, 1, "brackets are nested too deeply for an example; remove the line."),
    "a repeated key": (
        "ner",
        "jsonl",
        b'{"tokens": ["a"], "tags": ["O"], "tags": ["O"]}',
        1,
        "the key 'tags' stands twice",
    ),
    "half a surrogate": (
        "ner",
        "jsonl",
        b'{"tokens": ["\\ud83d"], "tags": ["O"]}',
        1,
        "half of a surrogate pair (\\ud83d)",
    ),
    "no tags": (
        "ner",
        "jsonl",
        b'{"tokens": ["a"], "labelling": ["O"]}',
        1,
        "has no 'tags', only 'tokens', 'labelling';",
    ),
    "two keys of tags": (
        "ner",
        "jsonl",
        b'{"tokens": ["a"], "ner_tags": ["O"], "labels": ["O"]}',
        1,
        "has 'ner_tags' and 'labels'; keep one of them.",
    ),
    "text for tokens": (
        "ner",
        "jsonl",
        b'{"tokens": "a", "tags": ["O"]}',
        1,
        "expected a list of words and a list of tags.",
    ),
    "an empty word": ("ner", "jsonl", b'{"tokens": [" "], "tags": ["O"]}', 1, "the word ' ' is empty, or only spaces"),
    "a number for a word": (
        "ner",
        "jsonl",
        b'{"tokens": [1], "tags": ["O"]}',
        1,
        "the word 1 is a number; write it in quotes.",
    ),
    "no word": ("ner", "jsonl", b'{"tokens": [], "tags": []}', 1, "the sentence has no words; remove it."),
    "numbers without names": (
        "ner",
        "jsonl",
        b'{"tokens": ["a"], "tags": [0]}',
        1,
        "is a number, whose name must be given",
    ),
    "another language": (
        "ner",
        "tsv",
        b"en:a\tO\nen:b\tO\n",
        1,
        "as WikiANN marks the language 'en', but these are to be data of 'xx'",
    ),
    "no text": ("sentiment", "jsonl", b'{"txt": "a", "label": "positive"}', 1, "has no 'text', only 'txt', 'label';"),
    "a list for a text": (
        "sentiment",
        "jsonl",
        b'{"text": ["a"], "label": "positive"}',
        1,
        "the text is no text; write it in quotes.",
    ),
    "an empty text": (
        "sentiment",
        "jsonl",
        b'{"text": " ", "label": "positive"}',
        1,
        "the text is empty, or only spaces",
    ),
    "no label": ("sentiment", "jsonl", b'{"text": "a", "label": null}', 1, "expected one label, found None."),
    "half a surrogate in a text": (
        "sentiment",
        "jsonl",
        b'{"text": "a\\ud83d", "label": "x"}',
        1,
        "half of a surrogate pair",
    ),
    "a row too short": ("sentiment", "csv", b"text,label\na,x\nb\n", 3, "expected 2 cells as the header has, found 1."),
    "an open quotation": ("sentiment", "csv", b'text,label\n"a,x\n', 2, "cannot be read as CSV"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_with_file_and_line(tmp_path, fault):
    """Where it is, what is there, what was expected."""
    task, suffix, content, line, message = FAULTS[fault]
    path = put(tmp_path, f"dev.{suffix}", content)
    with pytest.raises(DataError) as caught:
        user_files.read(tmp_path, "xx", "dev", task)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_all_faults_of_a_file_are_told_at_once_each_kind_counted(tmp_path):
    """So that nobody mends one a run."""
    path = put(tmp_path, "dev.tsv", b"a\tPER\n\tO\nb\tLOC\nc\tO\nd\td\n" + b"e\tX\n" * 7)
    with pytest.raises(DataError) as caught:
        user_files.read(tmp_path, "xx", "dev", "ner")
    first, second = str(caught.value).split("\n")
    assert first.startswith(f"{path}:1: 'PER' is no tag;")
    assert first.endswith("(9 more like it: 3, 5, 6, 7, 8, ...)")
    assert second.startswith(f"{path}:2: the word '' is empty")


@pytest.mark.parametrize(
    ("task", "names", "content", "message"),
    [
        ("ner", ["dev.tsv"], b"", "{folder}/dev.tsv: no sentence in it."),
        ("ner", ["dev.jsonl"], b"\r\n\n", "{folder}/dev.jsonl: no sentence in it."),
        ("sentiment", ["dev.jsonl"], BOM, "{folder}/dev.jsonl: no review in it."),
        ("sentiment", ["dev.txt"], b"good\tpositive\n", "{folder}/dev.txt: texts with a label come as .jsonl, .json,"),
        ("ner", ["dev.tsv", "dev.jsonl"], CONLL, "{folder}: dev.jsonl, dev.tsv are all there; keep one dev file."),
        ("ner", ["dev.tsv", "valid.tsv"], CONLL, "{folder}: dev.tsv, valid.tsv are all there; keep one dev file."),
        ("ner", ["test.tsv"], CONLL, "{folder}: expected dev with one of .tsv, .conll,"),
        ("ner", ["train.tsv", "test.tsv"], CONLL, "{folder}: expected dev with one of .tsv, .conll,"),
        ("ner", [], b"", "{folder}: expected dev with one of .tsv, .conll,"),
        ("ner", ["dev.tsv.gz"], b"no gzip", "{folder}/dev.tsv.gz: cannot be unpacked"),
        ("ner", ["dev.parquet"], b"no parquet", "{folder}/dev.parquet: cannot be read as parquet"),
    ],
)
def test_file_that_cannot_be_a_split_is_told(tmp_path, task, names, content, message):
    """Empty, of the wrong form, damaged, there twice or not at all."""
    for name in names:
        put(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        user_files.read(tmp_path, "xx", "dev", task)
    assert str(caught.value).startswith(message.format(folder=tmp_path))


def test_a_folder_that_lacks_a_split_is_told_how_to_split_it_off(tmp_path):
    for name in ("train.tsv", "test.tsv"):
        put(tmp_path, name, CONLL)
    with pytest.raises(DataError, match=r"it holds test\.tsv, train\.tsv\..* splits: \{dev: 0\.2\}"):
        user_files.find(tmp_path, "dev")


def test_what_is_no_plain_file_is_told_and_does_not_block(tmp_path):
    """A pipe would wait for ever; a link may lead nowhere; an archive of another kind must be unpacked."""
    os.mkfifo(tmp_path / "train.tsv")
    with pytest.raises(DataError, match=r"train\.tsv: is no plain file; expected a file with data"):
        user_files.read(tmp_path, "xx", "train", "ner")
    (tmp_path / "dev.tsv").symlink_to(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"dev\.tsv: is missing, or a link to nothing"):
        user_files.read(tmp_path, "xx", "dev", "ner")
    with pytest.raises(DataError, match=r"lug\.zip: expected one of .*unpack it"):
        user_files.find(put(tmp_path, "lug.zip", b"PK"), "train")


def test_folder_that_does_not_exist_is_told(tmp_path):
    """A misspelt folder is another mistake than a missing file."""
    with pytest.raises(DataError, match=r"no-such: does not exist; expected a folder with train, dev and test"):
        user_files.find(tmp_path / "no-such", "dev")


IDS = st.lists(st.text(max_size=4), min_size=1, max_size=30, unique=True)


@settings(deadline=None)
@given(IDS, st.integers(0, 99), st.randoms(use_true_random=False), st.data())
def test_draws_are_exact_nested_and_independent_of_order(ids, seed, random, data):
    """A smaller draw is part of every larger one, whatever order the file is in; all are records of the file."""
    records = [{"id": name, "text": name} for name in ids]
    small, large = sorted(data.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
    drawn = by_hash(records, large, seed)
    shuffled = random.sample(records, len(records))
    assert by_hash(shuffled, large, seed) == drawn
    assert by_hash(records, small, seed) == drawn[:small]
    assert len({record["id"] for record in drawn}) == large
    assert all(record in records for record in drawn)


def test_seed_decides_the_draw():
    """Other seeds draw other sets, and no record is favoured: each is drawn about half of the times."""
    records = [{"id": f"train-{number}"} for number in range(40)]
    draws = [{record["id"] for record in by_hash(records, 20, seed)} for seed in range(200)]
    assert len(set(map(frozenset, draws))) == 200
    assert all(60 < sum(record["id"] in draw for draw in draws) < 140 for record in records)


def test_the_official_draw_is_numpys_choice_over_file_order():
    """Known numbers of numpy's legacy generator, whose stream is frozen: the official code's seed 42, 5 of 20."""
    records = [{"id": str(number)} for number in range(20)]
    drawn = [record["id"] for record in draw_source("official", records, 5, 42, "x")]
    assert drawn == ["0", "17", "15", "1", "8"]
    assert draw_source("official", records, 20, 42, "x") == records


def test_draw_of_more_than_there_is_is_told():
    """With both numbers and what to change."""
    with pytest.raises(DataError, match=r"^en/train: 3 examples asked for, 2 are there; lower source_size\.$"):
        draw_source("hash", [{"id": "a"}, {"id": "b"}], 3, 0, "en/train")
