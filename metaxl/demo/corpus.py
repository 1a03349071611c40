"""The invented languages as a corpus, read like any other."""

from __future__ import annotations

from pathlib import Path

from metaxl.data.formats.records import Record
from metaxl.demo.languages.ner import ner_sentences
from metaxl.demo.languages.reviews import reviews
from metaxl.tasks import NER, SENTIMENT


def read(folder: Path, language: str, split: str, task: str, size: int, seed: int) -> list[Record]:
    """Make one split of one language.

    Args:
        folder: not used, because nothing is read.
        language: its code.
        split: "train", "dev" or "test".
        task: "ner" or "sentiment".
        size: how many examples; a smaller split is a prefix of a larger one.
        seed: the seed of the world.

    Raises:
        DataError: the language or the split is unknown.
    """
    make = {NER.name: ner_sentences, SENTIMENT.name: reviews}[task]
    return make(language, split, size, seed)
