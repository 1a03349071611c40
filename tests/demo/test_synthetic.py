"""Laws of the synthetic languages: the same everywhere, well formed, partly unseen, related as declared."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from statistics import mean

import pytest

from metaxl.demo.languages.atlas import LANGUAGES
from metaxl.demo.languages.draw import speak
from metaxl.demo.languages.ner import ner_sentences
from metaxl.demo.languages.reviews import reviewer, reviews
from metaxl.demo.languages.text import unlabelled_text
from metaxl.demo.languages.world import CLASSES, names
from metaxl.errors import DataError

SEED = 7
RELATED = {"qu": "es", "cdo": "zh", "ilo": "id", "xmf": "ka", "mhr": "ru", "mi": "id", "tk": "tr", "gn": "es"}
TYPES = {"PER", "ORG", "LOC"}


def entities(rows: list[dict]) -> list[tuple[str, str]]:
    """Return (surface, type) of every entity."""
    found: list[tuple[list[str], str]] = []
    for row in rows:
        for token, tag in zip(row["tokens"], row["tags"], strict=True):
            if tag.startswith("B-"):
                found.append(([token], tag[2:]))
            elif tag.startswith("I-"):
                found[-1][0].append(token)
    return [(" ".join(tokens), kind) for tokens, kind in found]


def lexicon(code: str) -> set[str]:
    """Return the written words of all concepts of a language."""
    language = speak(code, SEED)
    return {language.word(f"{cls}-{number}") for cls, size in CLASSES.items() for number in range(size)}


def ngrams(words: set[str]) -> Counter[str]:
    """Return the counts of the character bigrams of words."""
    return Counter(word[i : i + 2] for word in words for i in range(len(word) - 1))


def overlap(one: Counter[str], other: Counter[str]) -> float:
    """Return the shared mass of two distributions, in [0, 1]."""
    return sum(min(one[key] / one.total(), other[key] / other.total()) for key in one)


def test_the_same_bytes_in_every_process() -> None:
    """Law: neither the process nor PYTHONHASHSEED changes a sentence."""
    code = (
        "import json, hashlib;"
        "from metaxl.demo.languages.atlas import LANGUAGES;"
        "from metaxl.demo.languages.ner import ner_sentences;"
        "from metaxl.demo.languages.reviews import reviews;"
        "from metaxl.demo.languages.text import unlabelled_text;"
        "rows = [f(l, 'train', 8, 7) for l in LANGUAGES for f in (ner_sentences, reviews)];"
        "rows += [unlabelled_text(l, 8, 7) for l in LANGUAGES];"
        "print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())"
    )
    rows: list = [make(code_, "train", 8, SEED) for code_ in LANGUAGES for make in (ner_sentences, reviews)]
    rows += [unlabelled_text(code_, 8, SEED) for code_ in LANGUAGES]
    digests = {hashlib.sha256(json.dumps(rows).encode()).hexdigest()}
    for hash_seed in ("0", "12345"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        digests.add(run.stdout.strip())
    assert len(digests) == 1


def test_a_small_corpus_begins_a_large_one_and_seeds_differ() -> None:
    """Law: count cuts a fixed stream; another seed is another world."""
    assert ner_sentences("qu", "train", 30, SEED)[:10] == ner_sentences("qu", "train", 10, SEED)
    assert reviews("te", "dev", 30, SEED)[:10] == reviews("te", "dev", 10, SEED)
    assert unlabelled_text("ka", 30, SEED)[:10] == unlabelled_text("ka", 10, SEED)
    assert ner_sentences("qu", "train", 10, SEED) != ner_sentences("qu", "train", 10, SEED + 1)


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_are_well_formed(code: str) -> None:
    """Law: IOB2 over PER, ORG, LOC; entities of at most 4 tokens; 6 to 11 tokens on average."""
    rows = ner_sentences(code, "train", 150, SEED)
    for row in rows:
        assert len(row["tokens"]) == len(row["tags"])
        assert all(token and not any(map(str.isspace, token)) for token in row["tokens"])
        assert any(tag.startswith("B-") for tag in row["tags"])
        for before, tag in zip(["O", *row["tags"]], row["tags"], strict=False):
            assert tag == "O" or tag[2:] in TYPES
            assert not tag.startswith("I-") or before[2:] == tag[2:]
    assert max(len(surface.split()) for surface, _ in entities(rows)) <= 4
    assert {kind for _, kind in entities(rows)} == TYPES
    assert 6 <= mean(len(row["tokens"]) for row in rows) <= 11


def test_test_names_are_partly_unseen() -> None:
    """Law: dev and test use names that no train sentence may hold, and names that it may."""
    pools: dict[str, set] = {"train": set(), "dev": set(), "test": set()}
    for (_, _, pool), group in names(SEED).items():
        pools[pool].update(group)
    assert not pools["train"] & pools["test"]
    assert not pools["dev"] & pools["test"]
    train = {token for row in ner_sentences("en", "train", 2000, SEED) for token in row["tokens"]}
    test = entities(ner_sentences("en", "test", 300, SEED))
    unseen = mean(any(word not in train for word in surface.split()) for surface, _ in test)
    assert 0.25 < unseen < 0.75


def test_some_surfaces_have_two_types() -> None:
    """Law: the name alone does not decide the type."""
    kinds: dict[str, set[str]] = {}
    for surface, kind in entities(ner_sentences("id", "train", 800, SEED)):
        kinds.setdefault(surface, set()).add(kind)
    assert 0.02 < mean(len(found) > 1 for found in kinds.values()) < 0.3


@pytest.mark.parametrize(("target", "relative"), RELATED.items())
def test_relatives_share_more_than_english_does(target: str, relative: str) -> None:
    """Law: a relative shares more words and more character bigrams with the target than English."""
    words, cousin, english = lexicon(target), lexicon(relative), lexicon("en")
    assert len(words & cousin) > 2 * len(words & english)
    assert overlap(ngrams(words), ngrams(cousin)) > overlap(ngrams(words), ngrams(english)) + 0.05


@pytest.mark.parametrize("code", ["en", "zh", "te"])
def test_no_sentence_is_in_two_splits(code: str) -> None:
    """Law: train, dev, test and the unlabelled text are disjoint, also between tasks."""
    author = {split: reviewer(code, split, SEED) for split in ("train", "dev", "test")}
    seen = {split: {" ".join(row["tokens"]) for row in ner_sentences(code, split, 300, SEED)} for split in author}
    for split, who in author.items():
        seen[split] |= {sentence for review in islice(who.stream(), 200) for sentence in review.sentences}
    # A line of the unlabelled text may hold several sentences: each ends in a full stop or an exclamation mark.
    lines = unlabelled_text(code, 1500, SEED)
    seen["text"] = {part.strip() for line in lines for part in re.findall(r"[^.!]+[.!]?", line) if part.strip()}
    assert sum(map(len, seen.values())) == len(set().union(*seen.values()))


def test_an_unknown_language_or_split_is_an_error() -> None:
    """Law: the error lists what is known and guesses what was meant."""
    with pytest.raises(DataError, match=r"'xm'.*cdo.*Did you mean 'xmf'"):
        unlabelled_text("xm", 1, SEED)
    with pytest.raises(DataError, match="split"):
        ner_sentences("en", "training", 1, SEED)
