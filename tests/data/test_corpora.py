"""The readers of the paper's data: right on well-formed files, a DataError with the place on any other."""

import io
import json
import logging
import re
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaxl.data.corpora import reviews, sentipers, sentiraama, user_files, wikiann
from metaxl.data.draw import draw_source
from metaxl.data.formats import archive
from metaxl.data.formats.parquet import NAMES
from metaxl.data.formats.records import text_of
from metaxl.errors import DataError
from metaxl.tasks import NER, SPLITS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")
LANGUAGES = ("cdo", "en", "es", "gn", "id", "ilo", "ka", "mhr", "mi", "qu", "ru", "tk", "tr", "xmf", "zh")


def put_wikiann(folder, tokens, tags, names=NER.usual, split="train"):
    """Write a parquet file as the hub has it; without `names`, without the description of its features."""
    table = pa.table({"tokens": tokens, "ner_tags": tags})
    if names:
        features = {"ner_tags": {"feature": {"names": list(names), "_type": "ClassLabel"}, "_type": "Sequence"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, folder / NAMES[split])


def put_archive(path, members):
    """Write a .tar.gz of (TarInfo or name, content)."""
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("names", [NER.usual, None])
@pytest.mark.parametrize("split", SPLITS)
def test_wikiann_parquet_gives_tokens_and_named_tags(tmp_path, names, split):
    put_wikiann(tmp_path, [["Ada", "Lovelace", "ran"], ["Oslo"]], [[1, 2, 0], [5]], names, split)
    assert wikiann.read(tmp_path, "xx", split) == [
        {"id": f"{split}-0", "tokens": ["Ada", "Lovelace", "ran"], "tags": ["B-PER", "I-PER", "O"]},
        {"id": f"{split}-1", "tokens": ["Oslo"], "tags": ["B-LOC"]},
    ]


def test_wikiann_parquet_follows_the_order_of_tags_that_the_file_states(tmp_path):
    put_wikiann(tmp_path, [["Oslo", "!"]], [[0, 6]], names=NER.usual[::-1])
    assert wikiann.read(tmp_path, "xx", "train")[0]["tags"] == ["I-LOC", "O"]


def test_wikiann_counts_the_sentences_without_a_token(tmp_path, caplog):
    put_wikiann(tmp_path, [[], ["a"], []], [[], [0], []])
    with caplog.at_level(logging.WARNING):
        assert [record["id"] for record in wikiann.read(tmp_path, "xx", "train")] == ["train-1"]
    assert "2 empty sentences left out" in caplog.text


@pytest.mark.parametrize(
    ("tokens", "tags", "names", "message"),
    [
        ([["a"], ["b"]], [[0], [7]], NER.usual, "row 1: unknown tag 7; allowed are 0 to 6"),
        ([["a"]], [[-1]], NER.usual, "row 0: unknown tag -1"),
        ([["a"]], [["B-MISC"]], None, "row 0: unknown tag 'B-MISC'"),
        ([["a"]], [[0]], ("O", "B-MISC"), "unknown tag 'B-MISC' in its description"),
        ([["a", "b"]], [[0]], NER.usual, "row 0: 2 tokens but 1 tags"),
        ([None], [[0]], NER.usual, "row 0: expected a list of tokens"),
        ([["a", None]], [[0, 0]], NER.usual, "row 0: expected a list of tokens"),
        ([[]], [[]], NER.usual, "holds no sentence"),
    ],
)
def test_malformed_wikiann_parquet_is_refused_with_its_row(tmp_path, tokens, tags, names, message):
    put_wikiann(tmp_path, tokens, tags, names)
    with pytest.raises(DataError, match=r"train\.parquet.*" + re.escape(message)):
        wikiann.read(tmp_path, "xx", "train")


def test_a_parquet_file_of_something_else_is_refused(tmp_path):
    pq.write_table(pa.table({"text": ["a"], "label": [0]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match="no column tokens and ner_tags; found text, label"):
        wikiann.read(tmp_path, "xx", "train")
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        wikiann.read(tmp_path, "xx", "train")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_wikiann_lines_are_split_at_the_first_colon(tmp_path, end, mark):
    lines = ["", "xx:xx:a\tO", "xx:\u200bb\u00a0c\u2028\tB-LOC", "", "", "xx:d\tO"]
    (tmp_path / "train").write_bytes(mark + end.join(lines).encode())
    records = user_files.read(tmp_path, "xx", "train", "ner")
    assert [record["tokens"] for record in records] == [["xx:a", "\u200bb\u00a0c\u2028"], ["d"]]
    assert [record["tags"] for record in records] == [["O", "B-LOC"], ["O"]]


tokens = st.text(st.characters(exclude_characters="\t\r\n", codec="utf-8"), min_size=1)
sentence = st.lists(st.tuples(tokens, st.sampled_from(NER.usual)), min_size=1, max_size=5)


@given(st.lists(sentence, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=30, deadline=None)
def test_wikiann_lines_of_any_unicode_come_back_unchanged(tmp_path_factory, sentences, end):
    folder = tmp_path_factory.mktemp("lines")
    blocks = [end.join(f"xx:{token}\t{tag}" for token, tag in pairs) for pairs in sentences]
    (folder / "dev").write_bytes((end + end).join(blocks).encode())
    records = user_files.read(folder, "xx", "dev", "ner")
    assert [list(zip(r["tokens"], r["tags"], strict=True)) for r in records] == sentences
    assert len({record["id"] for record in records}) == len(sentences)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"xx:a\tO\nxx:b O\n", "train:2: expected 2 columns divided by tabs, found 1: 'xx:b O'"),
        (b"a\tO\n", "train:1: expected 'xx:word' in the data of 'xx', found 'a'."),
        (b"xx:a\tO\nxx:b\tO\nxx:a\tO\tO\n", "train:3: expected 2 columns divided by tabs, found 3"),
        (b"xx:a\tO\nyy:b\tO\n", "train:2: expected 'xx:word' in the data of 'xx', a word of 'yy'; is it another"),
        (b"xx:a\tGPE\n", "train:1: 'GPE' is no tag; expected O, or B- or I- with a type"),
        (b"xx:a\tO\nxx:\xe9\tO\n", "train:2: byte 10 is not UTF-8"),
        (b"\n\n", "train: no sentence in it."),
    ],
)
def test_a_malformed_wikiann_line_is_refused_with_its_number(tmp_path, content, message):
    (tmp_path / "train").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(message)):
        user_files.read(tmp_path, "xx", "train", "ner")


def test_a_missing_split_and_an_archive_of_reviews_are_explained(tmp_path):
    with pytest.raises(DataError, match=r"validation\.parquet: missing; expected the dev split"):
        wikiann.read(tmp_path, "xx", "dev")
    put_archive(tmp_path / "xx.tar.gz", [])
    with pytest.raises(DataError, match=r"xx\.tar\.gz: texts with a label come as \.jsonl"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "dev", "sentiment")


def test_wikiann_archive_is_read_without_unpacking_it(tmp_path):
    put_archive(tmp_path / "xx.tar.gz", [("extra", b"?"), ("./test", b"xx:a\tO\n"), ("train", b"xx:b\tO\n")])
    assert [
        user_files.read(tmp_path / "xx.tar.gz", "xx", split, "ner")[0]["tokens"] for split in ("train", "test")
    ] == [
        ["b"],
        ["a"],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["xx.tar.gz"]
    with pytest.raises(DataError, match="holds 0 files 'dev'"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "dev", "ner")


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../../train", "outside the destination"),
        (link("train", "/etc/passwd", tarfile.SYMTYPE), "cannot be unpacked"),
        (link("train", "dev", tarfile.SYMTYPE), "'train' is a link, a device or a file with holes"),
        (link("train", "", tarfile.FIFOTYPE), "special file"),
    ],
)
def test_a_wikiann_archive_with_anything_but_files_is_refused(tmp_path, member, message):
    put_archive(tmp_path / "xx.tar.gz", [(member, b"")])
    with pytest.raises(DataError, match=message):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")


def test_a_wikiann_archive_with_a_split_twice_or_a_path_outside_behind_it_is_refused(tmp_path):
    put_archive(tmp_path / "xx.tar.gz", [("old/train", b"xx:a\tO\n"), ("train", b"xx:b\tO\n")])
    with pytest.raises(DataError, match="holds 2 files 'train'"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")
    put_archive(tmp_path / "xx.tar.gz", [("train", b"xx:b\tO\n"), ("../../evil", b"")])
    with pytest.raises(DataError, match="outside the destination"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")


def test_a_wikiann_archive_with_a_file_of_holes_is_refused(tmp_path):
    hole = tarfile.TarInfo("train")
    hole.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(600 << 20)}
    hole.pax_headers |= {"GNU.sparse.map": f"{600 << 20},0", "GNU.sparse.name": "train"}
    put_archive(tmp_path / "xx.tar.gz", [(hole, b"")])
    with pytest.raises(DataError, match="holes"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")


def test_a_wikiann_archive_that_is_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 100_000)
    monkeypatch.setattr(archive, "MAX_ARCHIVE_MEMBERS", 10)
    path = tmp_path / "xx.tar.gz"
    put_archive(path, [("extra", bytes(200_000)), ("train", b"xx:a\tO\n")])
    with pytest.raises(DataError, match="unpacks to more than 100,000 bytes"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")
    put_archive(path, [(f"f{n}", b"") for n in range(20)])
    with pytest.raises(DataError, match="more than 10 files"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cannot be unpacked"):
        user_files.read(tmp_path / "xx.tar.gz", "xx", "train", "ner")


def put_reviews(folder, texts, labels, split="train"):
    pq.write_table(pa.table({"text": texts, "label": labels}), folder / NAMES[split])


def test_reviews_of_three_stars_and_empty_ones_are_left_out(tmp_path, caplog):
    put_reviews(tmp_path, ["bad", "meh ", "so so", " good", "best", " ", None], [0, 1, 2, 3, 4, 4, 0])
    with caplog.at_level(logging.WARNING):
        records = reviews.read(tmp_path, "en", "train")
    assert [tuple(record.values()) for record in records] == [
        ("train-0", "bad", "negative"),
        ("train-1", "meh", "negative"),
        ("train-3", "good", "positive"),
        ("train-4", "best", "positive"),
    ]
    assert "2 empty reviews left out" in caplog.text


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a", "b"], [0, 5], "row 1: label 5 is not one of 0 to 4"),
        (["a"], [-1], "row 0: label -1 is not one of 0 to 4"),
        (["a"], ["positive"], "row 0: label 'positive'"),
        ([7], [0], "row 0: expected a text, found int"),
        (["a"], [2], "holds no review"),
    ],
)
def test_malformed_reviews_are_refused_with_their_row(tmp_path, texts, labels, message):
    put_reviews(tmp_path, texts, labels)
    with pytest.raises(DataError, match=message):
        reviews.read(tmp_path, "en", "train")


def test_missing_reviews_are_named(tmp_path):
    with pytest.raises(DataError, match=r"validation\.parquet: missing"):
        reviews.read(tmp_path, "en", "dev")


def put_index(folder, lines=(2, 0), files=("product_pos.txt", "product_neg.txt"), rows=(0, 2)):
    """Write a data_index.txt in which every split has the same entries."""
    blocks = [f"# tir {split} index and file\n{list(lines)}\n{list(files)}\n" for split in SPLITS]
    blocks += [f"# fa {split} index\n{list(rows)}\n" for split in SPLITS]
    (folder / "data_index.txt").write_text("\n".join(blocks), encoding="utf-8")


def put_sentiraama(folder):
    put_index(folder)
    (folder / "product_pos.txt").write_text("p0\np1\n  p2 \n", encoding="utf-8")
    (folder / "product_neg.txt").write_text("n0\r\nn1", encoding="utf-8")


@pytest.mark.parametrize("split", SPLITS)
def test_sentiraama_takes_the_lines_of_the_index_in_order(tmp_path, split):
    put_sentiraama(tmp_path)
    assert sentiraama.read(tmp_path, "te", split) == [
        {"id": f"{split}-0", "text": "p2", "label": "positive"},
        {"id": f"{split}-1", "text": "n0", "label": "negative"},
    ]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"lines": (2, 9)}, "tir train, entry 1: there is no line 9 in 'product_neg.txt'"),
        ({"lines": (-1, 0)}, "entry 0: there is no line -1"),
        ({"files": ("product_pos.txt", "other.txt")}, "there is no line 0 in 'other.txt'"),
        ({"files": ("product_pos.txt",)}, "2 lines but 1 file names"),
        ({"lines": (3,), "files": ("product_pos.txt",)}, "holds no review"),
    ],
)
def test_a_wrong_sentiraama_index_is_refused_with_its_entry(tmp_path, index, message):
    put_sentiraama(tmp_path)
    put_index(tmp_path, **index)
    with pytest.raises(DataError, match=message):
        sentiraama.read(tmp_path, "te", "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected 2 list"),
        (b"# tir train index and file\n[1,\n[2]\n", "is no list"),
        (b"# tir train index and file\n[1]\n{2}\n", "expected 2 list"),
        (b"# tir train index and file\n__import__('os')\n[]\n", "is no list"),
        (b"\xe9", "not UTF-8 at byte 0"),
    ],
)
def test_another_file_in_place_of_the_index_is_refused(tmp_path, content, message):
    put_sentiraama(tmp_path)
    (tmp_path / "data_index.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"data_index\.txt: .*" + message):
        sentiraama.read(tmp_path, "te", "train")


def test_a_missing_file_and_another_language_are_explained(tmp_path):
    with pytest.raises(DataError, match=r"data_index\.txt: cannot be read"):
        sentiraama.read(tmp_path, "te", "train")
    with pytest.raises(DataError, match="is in Telugu"):
        sentiraama.read(tmp_path, "fa", "train")
    with pytest.raises(DataError, match="is in Persian"):
        sentipers.read(tmp_path, "te", "train")


def put_sentipers(folder, rows, texts_and_polarities, heading=sentipers.HEADING):
    put_index(folder, rows=rows)
    book = openpyxl.Workbook()
    book.active.append(heading)
    for number, (text, polarity) in enumerate(texts_and_polarities):
        book.active.append((1000 + number, "s", text, polarity, "f"))
    book.save(folder / "sentipers.xlsx")


ROWS = [("a", "0"), ("b", "+1"), ("c", "0"), ("a", "0"), ("a", "-2"), ("a", "+1"), ("d", "-1"), ("e", "+2")]


KEPT = [("train-3", "b", "positive"), ("train-4", "d", "negative")]


@pytest.mark.parametrize(
    ("unlabelled", "expected", "left_out"),
    [("resolve", [("train-1", "a", "negative"), *KEPT], 2), ("drop", KEPT, 3)],
)
def test_sentipers_resolves_or_drops_what_has_no_label(tmp_path, caplog, unlabelled, expected, left_out):
    put_sentipers(tmp_path, (None, 0, 2, 1, 6), ROWS)
    with caplog.at_level(logging.WARNING):
        records = sentipers.read(tmp_path, "fa", "train", unlabelled)
    assert [tuple(record.values()) for record in records] == expected
    assert f"1 entries without a row and 2 neutral ones; {unlabelled}: {left_out} left out" in caplog.text


@given(st.integers(0, 99), st.lists(st.sampled_from([None, 0, 1, 2, 6]), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_sentipers_refills_every_place_with_texts_that_no_split_has(tmp_path_factory, seed, entries):
    folder = tmp_path_factory.mktemp("refill")
    spare = [(f"new {number}", ("+1", "-2")[number % 2]) for number in range(18)]
    rows = [*ROWS, *spare, ("new  3", "-1"), (" ", "+1")]
    put_sentipers(folder, entries, rows)
    drawn = {split: sentipers.read(folder, "fa", split, "refill", seed) for split in SPLITS}
    polar = {(text, sentipers.POLARITIES[polarity]) for text, polarity in rows if polarity != "0"}
    taken = {rows[entry][0] for entry in entries if entry is not None}
    refills = []
    for records in drawn.values():
        for entry, record in zip(entries, records, strict=True):
            row = record["text"], record["label"]
            assert row in polar
            if entry in (1, 6):
                assert row[0] == rows[entry][0]
            else:
                refills.append(" ".join(row[0].split()))
    assert len(set(refills)) == len(refills)
    assert not taken & set(refills)
    assert drawn == {split: sentipers.read(folder, "fa", split, "refill", seed) for split in SPLITS}


def test_a_neutral_row_takes_the_label_of_a_later_duplicate_not_of_an_earlier_one(tmp_path):
    put_sentipers(tmp_path, (1,), [("a", "+1"), ("a", "0"), ("a", "-2")])
    assert sentipers.read(tmp_path, "fa", "train")[0]["label"] == "negative"


def test_a_refill_takes_nothing_from_another_split_and_follows_the_seed(tmp_path):
    spare = [(f"new {number}", "+1") for number in range(8)]
    put_sentipers(tmp_path, (0,), [("dev text", "+1"), ("test text", "-1"), *spare])
    index = tmp_path / "data_index.txt"
    index.write_text("# fa train index\n[None]\n# fa dev index\n[0]\n# fa test index\n[1]\n")
    texts = {sentipers.read(tmp_path, "fa", "train", "refill", seed)[0]["text"] for seed in range(12)}
    assert len(texts) > 1
    assert texts <= {text for text, _ in spare}


def test_a_refill_of_more_than_there_is_is_told(tmp_path):
    put_sentipers(tmp_path, (None, 0), ROWS)
    with pytest.raises(DataError, match="fa dev: 2 entries to refill, 1 unused rows left"):
        sentipers.read(tmp_path, "fa", "train", "refill")


@pytest.mark.parametrize(
    ("rows", "content", "message"),
    [
        ((0, 8), ROWS, "fa train, entry 1: sentipers.xlsx has no row 8"),
        ((0,), [("a", "+3")], "row 2: expected a text and one of -2, -1, 0, +1, +2, found polarity '+3'"),
        ((0,), [(5, "+1")], "row 2: expected a text"),
        ((0,), [("a", "0")], "holds no review"),
    ],
)
def test_a_malformed_sentipers_row_is_refused(tmp_path, rows, content, message):
    put_sentipers(tmp_path, rows, content)
    with pytest.raises(DataError, match=re.escape(message)):
        sentipers.read(tmp_path, "fa", "train")


def test_another_workbook_or_none_is_refused(tmp_path):
    put_sentipers(tmp_path, (0,), ROWS, heading=("id", "text"))
    with pytest.raises(DataError, match="expected the columns index, sid, text"):
        sentipers.read(tmp_path, "fa", "train")
    (tmp_path / "sentipers.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DataError, match="cannot be read as a workbook"):
        sentipers.read(tmp_path, "fa", "train")


def expected_reviews(language, split):
    lines = (SHARED / "sentiment" / language / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
    return [(record["text"], record["label"]) for record in map(json.loads, filter(None, lines))]


real_rows = cache(sentipers._rows)  # the workbook takes a second to read


def texts_and_labels(records):
    return [(record["text"], record["label"]) for record in records]


@needs_shared
@pytest.mark.parametrize(("split", "negative", "positive"), [("train", 44, 56), ("dev", 40, 63), ("test", 53, 47)])
def test_the_real_sentiraama_gives_the_official_split(split, negative, positive):
    records = sentiraama.read(SHARED / "raw", "te", split)
    assert texts_and_labels(records) == expected_reviews("te", split)
    assert Counter(record["label"] for record in records) == {"negative": negative, "positive": positive}


@needs_shared
@pytest.mark.parametrize(("split", "kept", "dropped"), [("train", 99, 99), ("dev", 984, 981), ("test", 992, 987)])
def test_the_real_sentipers_gives_the_official_split(split, kept, dropped, monkeypatch):
    monkeypatch.setattr(sentipers, "_rows", real_rows)
    assert len(sentipers.read(SHARED / "raw", "fa", split)) == kept
    records = sentipers.read(SHARED / "raw", "fa", split, "drop")
    assert len(records) == dropped
    assert texts_and_labels(records) == expected_reviews("fa", split)
    assert len(sentipers.read(SHARED / "raw", "fa", split, "refill", 42)) == {"train": 100}.get(split, 1000)


@needs_shared
def test_the_real_sentipers_shares_34_texts_between_dev_and_test(monkeypatch):
    monkeypatch.setattr(sentipers, "_rows", real_rows)
    for unlabelled in ("resolve", "drop", "refill"):
        dev, test = (sentipers.read(SHARED / "raw", "fa", split, unlabelled) for split in ("dev", "test"))
        assert len({record["text"] for record in dev} & {record["text"] for record in test}) == 34
        assert len(set(map(text_of, dev)) & set(map(text_of, test))) == 36  # two more differ in spaces alone


@needs_shared
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_real_wikiann_samples_are_one_sentence_each(language, split):
    folder = SHARED / "wikiann_raw_samples" / language
    (record,) = user_files.read(folder, language, split, "ner")
    lines = [line for line in (folder / split).read_text(encoding="utf-8").split("\n") if line]
    pairs = zip(record["tokens"], record["tags"], strict=True)
    assert [f"{language}:{token}\t{tag}" for token, tag in pairs] == lines


def test_an_archive_and_the_hubs_parquet_give_the_same_draw(tmp_path):
    """The same sentences under the same ids, so that a study's source set does not depend on where they came from."""
    sentences = [([f"w{number}", "Kampala"], ["O", "B-LOC"]) for number in range(300)]
    lines = ["".join(f"en:{word}\t{tag}\n" for word, tag in zip(*one, strict=True)) for one in sentences]
    put_archive(tmp_path / "en.tar.gz", [("train", "\n".join(lines).encode())])
    columns = {"tokens": [words for words, _ in sentences], "ner_tags": [[0, 5] for _ in sentences]}
    (tmp_path / "hub").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "hub" / "train.parquet")
    read = [
        user_files.read(tmp_path / "en.tar.gz", "en", "train", "ner"),
        wikiann.read(tmp_path / "hub", "en", "train"),
    ]
    draws = [draw_source("hash", records, 100, 42, "en") for records in read]
    assert draws[0] == draws[1]
    assert len({record["id"] for record in draws[0]}) == 100
