"""Long sentences are read in overlapping parts: every word is labelled once, and none near an inner edge."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import make_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from metaxl.data.encode import encode, load_tokenizer
from metaxl.predicting.windows import as_data, windows


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    make_tokenizer(folder)
    return load_tokenizer(folder)


def encoded(tokenizer, words):
    return tokenizer.encode(words, is_pretokenized=True)


@given(st.lists(st.sampled_from(["w1", "w2s", "w3ss", "\u200b"]), max_size=60), st.integers(6, 20))
def test_every_word_with_a_subword_is_labelled_once_at_its_first_subword(tokenizer, words, limit):
    """Whatever the limit: also where a window begins within a word."""
    encoding = encoded(tokenizer, words)
    parts = list(windows(0, encoding, limit))
    assert sorted(word for part in parts for word in part.words) == [i for i, w in enumerate(words) if w != "\u200b"]
    for part in parts:
        assert len(part.ids) <= limit
        assert part.ids[0] == encoding.ids[0]
        assert part.ids[-1] == encoding.ids[-1]
        firsts = {word: encoding.word_ids.index(word) for word in part.words}
        assert [part.ids[place] for place in part.places] == [encoding.ids[firsts[word]] for word in part.words]


def test_a_sentence_that_fits_is_read_as_training_reads_it(tokenizer):
    """The same subwords at the same places, special tokens included."""
    words = ["w1", "w2s", "w3", "\u200b", "w4"]
    record = {"id": "s", "tokens": words, "tags": ["O"] * 5}
    trained = encode(load_tokenizer_again(tokenizer), "ner", [record], 40, ["O"])
    tokenizer.no_truncation()
    own = as_data(list(windows(0, encoded(tokenizer, words), 40)))
    for name in ("ids", "starts", "labelled", "words", "label_starts"):
        assert np.array_equal(getattr(own, name), getattr(trained, name)), name


def load_tokenizer_again(tokenizer):
    from tokenizers import Tokenizer

    return Tokenizer.from_str(tokenizer.to_str())


def test_a_word_has_a_quarter_of_a_window_around_it(tokenizer):
    """But at the ends of the sentence."""
    words, limit = ["w1"] * 100, 22  # windows of 20 subwords between the special tokens
    reach = 5
    for part in windows(0, encoded(tokenizer, words), limit):
        for word, place in zip(part.words, part.places, strict=True):
            left, right = place - 1, len(part.ids) - 2 - place
            assert left >= min(reach, word)
            assert right >= min(reach - 1, len(words) - 1 - word)
