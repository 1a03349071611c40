"""From a stream of lines to a stream of answers, in constant memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import torch

from metaxl.errors import ConfigError, DataError
from metaxl.predicting.answers import Answerer
from metaxl.predicting.forms import formatted
from metaxl.predicting.kept import Kept
from metaxl.predicting.lines import batches, read_lines, refuse_annotated
from metaxl.predicting.network import open_kept

LINES = 64  # that are answered together


@dataclass(frozen=True, slots=True)
class Asked:
    """How lines are to be answered.

    Attributes:
        form: one of `forms.FORMS`.
        is_split: whether spaces stand between all words already.
        device: where to compute.
        lines: how many are answered together.
    """

    form: str
    is_split: bool
    device: torch.device
    lines: int = LINES


def predict_file(kept: Kept, file: Path | None, out: TextIO, asked: Asked) -> None:
    """Write the answers to the lines of a file, or of the standard input; see `predict_lines`.

    Raises:
        DataError: there is no such file.
    """
    if file is None:
        typed = sys.stdin.isatty()  # whoever types a line waits for its answer
        predict_lines(kept, sys.stdin.buffer, "standard input", out, replace(asked, lines=1) if typed else asked)
        return
    if not file.is_file():
        state = "a folder" if file.is_dir() else "no such file"
        raise DataError(f"{file}: {state}; name a file with a sentence or a text on each line.")
    with file.open("rb") as raw:
        predict_lines(kept, raw, str(file), out, asked)


def predict_lines(kept: Kept, raw: Iterable[bytes], name: str, out: TextIO, asked: Asked) -> None:
    """Write the answers to a stream's lines, in their order, as soon as a batch of them is known.

    Args:
        kept: the model.
        raw: the stream's lines.
        name: what messages call it.
        out: where the answers go.
        asked: how they are to be.

    Raises:
        ConfigError: the model labels texts, and words are asked for.
        DataError: a line is not UTF-8, or cannot be split into words; or the first ones are annotated already.
        EncoderError: the model's folder is damaged.
    """
    if not kept.task.has_words and (asked.form == "conll" or asked.is_split):
        option = "--format conll" if asked.form == "conll" else "--tokens"
        raise ConfigError(f"{kept.folder}: labels whole texts, where {option} is about words; leave it out.")
    splitter = None if asked.is_split or not kept.task.has_words else kept.splitter()
    answerer = Answerer(open_kept(kept, asked.device), splitter)
    for number, batch in enumerate(batches(read_lines(raw, name), asked.lines)):
        if number == 0:
            refuse_annotated(batch)
        for answer in answerer.answer(batch):
            out.write(formatted(answer, kept.task, asked.form))
        out.flush()
