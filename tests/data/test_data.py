"""Data come in as they are: every oddity that is legal is kept, every fault is told with file and line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaxl.data.corpora import user_files
from metaxl.data.read import read_split, subsample
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


@pytest.mark.parametrize("suffix", user_files.CONLL)
@pytest.mark.parametrize(
    "content",
    [
        CONLL,
        CONLL.replace(b"\n", b"\r\n"),
        BOM + CONLL,
        CONLL.rstrip(b"\n"),
        b"\n\n" + CONLL.replace(b"\n\n", b"\n \t\n\n") + b"\n\n",
        CONLL.replace(b"B-LOC", b" B-LOC "),
    ],
    ids=["plain", "CRLF", "BOM", "no final newline", "more blank lines", "spaces around a tag"],
)
def test_conll_reads_alike_however_it_was_saved(tmp_path, suffix, content):
    """Line ends, a byte order mark, blank lines and the last newline carry no meaning."""
    put(tmp_path, f"train{suffix}", content)
    assert user_files.read(tmp_path, "xx", "train", "ner") == CATS


@pytest.mark.parametrize(
    "content",
    [JSONL, JSONL.replace(b"\n", b"\r\n"), BOM + JSONL, JSONL.rstrip(b"\n"), b"\n" + JSONL.replace(b"\n", b"\n\n")],
    ids=["plain", "CRLF", "BOM", "no final newline", "blank lines"],
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


TOKENS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\ufeff"), min_size=1).filter(str.strip)
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
    "one column": ("ner", "tsv", b"a\tO\nb\n", 2, "expected token TAB tag, found 1 column(s): 'b'."),
    "spaces for a tab": ("ner", "tsv", b"a O\n", 1, "expected token TAB tag, found 1 column(s): 'a O'."),
    "an extra column": ("ner", "conll", b"\na\tNN\tO\n", 2, "expected token TAB tag, found 3 column(s)"),
    "an empty token": ("ner", "txt", b"a\tO\n \tO\n", 2, "expected token TAB tag, found 2 column(s): ' \\tO'."),
    "a token of one no-break space": ("ner", "tsv", "\u00a0\tO\n".encode(), 1, "expected token TAB tag, found 2"),
    "an unknown tag": (
        "ner",
        "tsv",
        b"a\tO\r\n\r\nb\tB-MISC\r\n",
        3,
        "unknown label 'B-MISC'; expected one of O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC.",
    ),
    "a tag in lower case": ("ner", "tsv", b"a\tB-Loc\n", 1, "Did you mean 'B-LOC'?"),
    "Latin-1": ("ner", "tsv", b"a\tO\n\nb\xe9\tO\n", 3, "byte 6 is not UTF-8; convert the file to UTF-8."),
    "Latin-1 in JSON": ("sentiment", "jsonl", b'\n{"text": "\xe9"}', 2, "byte 11 is not UTF-8"),
    "other numbers": ("ner", "jsonl", b'\n{"tokens": ["a", "b"], "tags": ["O"]}', 2, "2 tokens but 1 tags; they must"),
    "bad JSON": ("ner", "jsonl", b'{"tokens": ["a"], "tags": ["O"]}\n{"tokens', 2, "not a JSON object: "),
    "no object": ("ner", "jsonl", b'["a"]', 1, "expected a JSON object, found list."),
    "no tags": (
        "ner",
        "jsonl",
        b'{"tokens": ["a"], "tag": ["O"]}',
        1,
        "no 'tags'; found tokens, tag. Did you mean 'tag'?",
    ),
    "text for tokens": ("ner", "jsonl", b'{"tokens": "a", "tags": ["O"]}', 1, "tokens must be a list, found 'a'."),
    "an empty word": (
        "ner",
        "jsonl",
        b'{"tokens": [" "], "tags": ["O"]}',
        1,
        "tokens must be a list of words, none of",
    ),
    "a number for a word": ("ner", "jsonl", b'{"tokens": [1], "tags": ["O"]}', 1, "tokens must be a list of words"),
    "no word": ("ner", "jsonl", b'{"tokens": [], "tags": []}', 1, "tokens must be a list of words"),
    "a number for a tag": ("ner", "jsonl", b'{"tokens": ["a"], "tags": [0]}', 1, "unknown label 0; expected one of O,"),
    "no text": (
        "sentiment",
        "jsonl",
        b'{"txt": "a", "label": "positive"}',
        1,
        "no 'text'; found txt, label. Did you mean 'txt'?",
    ),
    "a list for a text": (
        "sentiment",
        "jsonl",
        b'{"text": ["a"], "label": "positive"}',
        1,
        "text must be a str, found",
    ),
    "an empty text": ("sentiment", "jsonl", b'{"text": " ", "label": "positive"}', 1, "the text is empty; remove the"),
    "a number for a label": ("sentiment", "jsonl", b'{"text": "a", "label": 1}', 1, "label must be a str, found 1."),
    "another label": (
        "sentiment",
        "jsonl",
        b'{"text": "a", "label": "Positive"}',
        1,
        "unknown label 'Positive'; expected one of negative, positive. Did you mean 'positive'?",
    ),
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


@pytest.mark.parametrize(
    ("task", "names", "content", "message"),
    [
        ("ner", ["dev.tsv"], b"", "{folder}/dev.tsv: no sentence in it."),
        ("ner", ["dev.jsonl"], b"\r\n\n", "{folder}/dev.jsonl: no sentence in it."),
        ("sentiment", ["dev.jsonl"], BOM, "{folder}/dev.jsonl: no review in it."),
        (
            "sentiment",
            ["dev.tsv"],
            b"good\tpositive\n",
            "{folder}/dev.tsv: sentiment data are JSON lines with text and",
        ),
        ("ner", ["dev.tsv", "dev.jsonl"], CONLL, "{folder}: dev.tsv, dev.jsonl are all there; keep one dev file."),
        (
            "ner",
            ["test.tsv"],
            CONLL,
            "{folder}: expected dev with one of .tsv, .conll, .txt, .jsonl; it holds test.tsv.",
        ),
        ("ner", [], b"", "{folder}: expected dev with one of .tsv, .conll, .txt, .jsonl; it holds nothing."),
    ],
)
def test_file_that_cannot_be_a_split_is_told(tmp_path, task, names, content, message):
    """Empty, of the wrong form, there twice or not at all."""
    for name in names:
        put(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        user_files.read(tmp_path, "xx", "dev", task)
    assert str(caught.value).startswith(message.format(folder=tmp_path))


def test_folder_that_does_not_exist_is_told(tmp_path):
    """A misspelt folder is another mistake than a missing file."""
    with pytest.raises(DataError, match=r"no-such: expected dev with one of .*; the folder does not exist"):
        user_files.find(tmp_path / "no-such", "dev")


IDS = st.lists(st.text(max_size=4), min_size=1, max_size=30, unique=True)


@settings(deadline=None)
@given(IDS, st.integers(0, 99), st.randoms(use_true_random=False), st.data())
def test_draws_are_exact_nested_and_independent_of_order(ids, seed, random, data):
    """A smaller draw is part of every larger one, whatever order the file is in; all are records of the file."""
    records = [{"id": name, "text": name} for name in ids]
    small, large = sorted(data.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
    drawn = subsample(records, large, seed, "x")
    shuffled = random.sample(records, len(records))
    assert subsample(shuffled, large, seed, "x") == drawn
    assert subsample(records, small, seed, "x") == drawn[:small]
    assert len({record["id"] for record in drawn}) == large
    assert all(record in records for record in drawn)


def test_seed_decides_the_draw():
    """Other seeds draw other sets, and no record is favoured: each is drawn about half of the times."""
    records = [{"id": f"train-{number}"} for number in range(40)]
    draws = [{record["id"] for record in subsample(records, 20, seed, "x")} for seed in range(200)]
    assert len(set(map(frozenset, draws))) == 200
    assert all(60 < sum(record["id"] in draw for draw in draws) < 140 for record in records)


def test_draw_of_more_than_there_is_is_told():
    """With both numbers and what to change."""
    with pytest.raises(DataError, match=r"^en/train: 3 examples asked for, 2 are there; lower source_size\.$"):
        subsample([{"id": "a"}, {"id": "b"}], 3, 0, "en/train")
