"""The invented languages as a corpus, read like any other."""

from __future__ import annotations

from pathlib import Path

from metaxl.data.formats.records import Record
from metaxl.demo.languages.ner import ner_sentences
from metaxl.demo.languages.reviews import reviews
from metaxl.tasks import NER, SENTIMENT


def read(folder: Path, language: str, split: str, task: str, size: int, seed: int) -> list[Record]:
    """Make `size` examples of one split of one language in the world of a seed; nothing is read from the folder."""
    make = {NER.name: ner_sentences, SENTIMENT.name: reviews}[task]
    return make(language, split, size, seed)
