"""Text is split into words as the training data were, whatever their custom was."""

from __future__ import annotations

import random

import pytest

from metaxl.data.learn_splitter import learn_splitter
from metaxl.data.splitter import Splitter, spans_between_spaces
from metaxl.errors import DataError
from metaxl.files import read_json, write_json

WORDS = ["omu", "abantu", "ng'ombe", "Anglo-Saxon", "1,000", "3.5", "e.g.", "J.", "Dr.", "U.S.", "leero", "état"]
ATTACHED = {",", ".", "!", "?", ")", "»", "..."}  # written on the word before
OPENING = {"(", "«"}  # and on the word after


def corpus(count: int, seed: int) -> list[list[str]]:
    """Return sentences whose punctuation is apart, with words that keep marks."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        words = [word for _ in range(rng.randint(3, 9)) for word in dressed(rng)]
        made.append([*words, "leero", rng.choice([".", "!", "?", "..."])])
    return made


def dressed(rng: random.Random) -> list[str]:
    word, chance = rng.choice(WORDS), rng.random()
    if chance < 0.2:
        return [word, ","]
    if chance < 0.3:
        return ["(", word, ")"]
    return ["«", word, "»"] if chance < 0.35 else [word]


def written(words: list[str]) -> str:
    """Return words as people write them."""
    text = ""
    for word in words:
        glued = not text or word in ATTACHED or text[-1] in OPENING
        text += word if glued else f" {word}"
    return text


def split(splitter: Splitter, text: str) -> list[str]:
    return [text[start:end] for start, end in splitter.spans(text)]


def test_words_of_the_same_custom_are_found_again_in_running_text():
    """All words of new sentences: abbreviations, numbers and joined words stay whole, the rest is cut off."""
    splitter = learn_splitter(corpus(100, seed=1))
    for words in corpus(200, seed=2):
        assert split(splitter, written(words)) == words


def test_data_that_leave_punctuation_on_the_words_leave_it_there():
    """Also marks that they do not have."""
    sentences = [written(words).split() for words in corpus(100, seed=1)]
    splitter = learn_splitter(sentences)
    assert splitter.by_spaces_alone
    text = "«Abantu» (omu) leero... ¿ki? – x"
    assert split(splitter, text) == text.split()


@pytest.mark.parametrize(("sentences", "text", "words"), [
    ([["l'", "eau", "d'", "un", "."]] * 3, "l'homme d'un l'", ["l'", "homme", "d'", "un", "l'"]),
    ([["it", "'s", "Ann", "'s", "."]] * 3, "he's it's", ["he", "'s", "it", "'s"]),
    ([["it's", "Ann's", "."]] * 3, "he's it's.", ["he's", "it's", "."]),
    ([["a", ",", "b", ";", "c", "."]] * 6, "x,y;z", ["x", ",", "y", ";", "z"]),
    ([["a", ",", "b", "."]] * 6, "10,5 1.000", ["10,5", "1.000"]),
    ([["ku", "3", "/", "4", "/", "2021", "."]] * 3, "3/4/2021.", ["3", "/", "4", "/", "2021", "."]),
    ([["ku", "3/4/2021", "."]] * 3 + [["3", "/", "4"]], "5/6/2022.", ["5/6/2022", "."]),  # a fault of one writer
    ([["mu", "1990", ",", "5", "bantu", ",", "nga", ",", "a"]] * 6, "1,000", ["1,000"]),  # a comma of the sentence
    ([["3", "/", "4"]], "3/4", ["3/4"]),  # seen once
    ([["ku", "3", "/", "4", "/", "2021"]] * 3, "x.org/2021/04/a a1/2", ["x.org/2021/04/a", "a1/2"]),
    ([["a", ".", ".", "."]] * 3, "a...", ["a", ".", ".", "."]),
    ([["city", "."]] * 3 + [["city.", "."]], "city.", ["city", "."]),  # a fault of one writer
    ([["Dr.", "."]] * 3 + [["Dr", "."]], "Dr.", ["Dr."]),
    ([["a", "..."]] * 3, "a...", ["a", "..."]),
    ([["a", ",", '"', "b", '"', "."]] * 3, 'a," "b".', ["a", ",", '"', '"', "b", '"', "."]),
    ([["我", "在", "北", "京", "。"]] * 3, "我在北京。OK", ["我", "在", "北", "京", "。", "OK"]),
    ([["nga", "."]] * 3, "北京.", ["北京", "."]),
    ([["a", "."]] * 3, ":) -- #", [":", ")", "--", "#"]),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_customs(sentences, text, words):
    assert split(learn_splitter(sentences), text) == words


def test_text_of_a_script_without_spaces_is_refused_where_the_data_have_longer_words_of_it():
    splitter = learn_splitter([["我们", "在", "北京", "。"]] * 3)
    with pytest.raises(DataError, match=r"'我们在北京': the training data split such text.* say --tokens\."):
        splitter.spans("abc 我们在北京")


@pytest.mark.parametrize("text", ["", " \t ", "\x00", "a\x1fb", "«»", "'", "a\u00a0b", "\u200b", "x" * 5000])
def test_words_stand_where_they_say_and_hold_every_letter(text):
    """Of any text: in their order, without overlap, and nothing but spaces and control characters between them."""
    for spans in (learn_splitter(corpus(50, seed=1)).spans(text), spans_between_spaces(text)):
        rest, last = text, 0
        for start, end in spans:
            assert last <= start < end
            last = end
        for start, end in reversed(spans):
            rest = rest[:start] + rest[end:]
        assert not rest.strip(" \t\x00\x1f\u00a0")


def test_rules_come_back_from_their_file(tmp_path):
    splitter = learn_splitter(corpus(100, seed=1))
    splitter.save(tmp_path / "words.json")
    assert Splitter.load(tmp_path / "words.json") == splitter
    older = read_json(tmp_path / "words.json")
    assert older.pop("numbers") == []
    write_json(tmp_path / "older.json", older)
    assert Splitter.load(tmp_path / "older.json") == splitter
    (tmp_path / "words.json").write_text('{"before": {}}')
    with pytest.raises(DataError, match=r"words\.json: expected the rules by which text is split into words"):
        Splitter.load(tmp_path / "words.json")


def test_no_data_split_by_spaces():
    assert learn_splitter([]).spans("a, b") == [(0, 2), (3, 4)]
