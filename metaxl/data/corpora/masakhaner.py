"""MasakhaNER 2.0 as its repository has it: train.txt, dev.txt and test.txt, a line "word tag" for each word."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from metaxl.data.checked import checked_sentences
from metaxl.data.formats.columns import read_columns
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.records import Record, drop_empty
from metaxl.data.formats.text import read_text

WORDLESS = re.compile(r"^[ \t]?O\r?\n", re.MULTILINE)
logger = logging.getLogger(__name__)
COLUMNS = {"word": 1, "tag": 2}


def read(folder: Path, language: str, split: str) -> list[Record]:
    """Read one split of the language whose files are in a folder; DATE is among its types."""
    path, faults = folder / f"{split}.txt", Faults()
    text, wordless = WORDLESS.subn("", read_text(path))
    if wordless:  # two lines of Xhosa's train
        logger.warning("%s: %d lines with a tag and no word left out.", path, wordless)
    examples = list(read_columns(str(path), text, COLUMNS, faults)) if text.strip() else []
    sentences = checked_sentences(str(path), examples, language, faults)
    faults.refuse()
    numbered = [{"id": f"{split}-{number}", **sentence} for number, sentence in enumerate(sentences)]
    return drop_empty(str(path), "sentence", numbered)
