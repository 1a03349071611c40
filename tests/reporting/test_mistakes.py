"""Every mistake is found once, under the right name; what is shown to a reader is of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaxl.reporting.mistakes import mistakes, worth_reading
from metaxl.tasks import NER, SENTIMENT, entity_spans

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
pairs = st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=12)


def line(gold, predicted, split="test"):
    words = [f"w{number}" for number in range(len(gold))]
    return {"split": split, "id": "s", "tokens": words, "gold": gold, "predicted": predicted}


@given(pairs)
def test_each_entity_that_is_not_found_and_each_that_is_not_there_counts_once(tags):
    """Law: mistakes with a gold entity are those of the gold that were not predicted; likewise the other way."""
    gold, predicted = (list(side) for side in zip(*tags, strict=True))
    found = list(mistakes(NER, [line(gold, predicted)]))
    true, guess = (entity_spans(side, strict=False) for side in (gold, predicted))
    assert sorted(one.gold for one in found if one.gold) == sorted(set(true) - set(guess))
    assert sorted(one.predicted for one in found if one.predicted) == sorted(set(guess) - set(true))


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        ("B-PER I-PER O", "O O O", "missed"),
        ("O O O", "O B-LOC O", "invented"),
        ("B-PER I-PER O", "B-LOC I-LOC O", "wrong type"),
        ("B-PER I-PER O", "B-PER I-PER I-PER", "wrong ends"),
        ("B-PER I-PER O", "B-LOC O O", "wrong type and ends"),
    ],
)
def test_a_mistake_has_the_name_of_what_is_wrong(gold, predicted, kind):
    (found,) = mistakes(NER, [line(gold.split(), predicted.split())])
    assert found.kind == kind


def test_dev_is_not_read_and_a_text_has_one_mistake():
    assert not list(mistakes(NER, [line(["B-PER"], ["O"], "dev")]))
    text = {"split": "test", "id": "s", "text": "good film", "gold": ["positive"], "predicted": ["negative"]}
    (found,) = mistakes(SENTIMENT, [text, text | {"predicted": ["positive"]}])
    assert (found.kind, found.gold, found.predicted) == ("wrong class", ("positive", 0, 1), ("negative", 0, 1))


def test_every_kind_and_type_is_shown_and_short_sentences_come_first():
    long = line(["B-PER"] + ["O"] * 40, ["O"] * 41)
    short = line(["B-PER"] + ["O"] * 5, ["O"] * 6)
    other = line(["O"] * 6, ["B-LOC"] + ["O"] * 5)
    shown = worth_reading(list(mistakes(NER, [long, short, other])), 1)
    assert [(one.kind, one.type, len(one.words)) for one in shown] == [("missed", "PER", 6), ("invented", "LOC", 6)]
