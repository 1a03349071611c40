"""Labels of lines of text, as a kept model gives them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.data.splitter import CHUNK, Span, Splitter, spans_between_spaces
from metaxl.encoder.batch import make_batch
from metaxl.errors import DataError
from metaxl.predicting.lines import Line
from metaxl.predicting.network import Opened
from metaxl.predicting.windows import Window, as_data, windows
from metaxl.tasks import entity_spans
from metaxl.training.evaluate import length_sorted

log = logging.getLogger("metaxl")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of a line.

    Attributes:
        text: the line.
        spans: where its words stand, in characters; of a text with one label none.
        labels: of the words, or the one of the text; an empty text has none.
        scores: the probability of each of the labels.
    """

    text: str
    spans: Sequence[Span]
    labels: Sequence[str]
    scores: Sequence[float]

    def entities(self) -> list[tuple[str, int, int, float]]:
        """Return type, first character, the one after the last, and mean probability of each entity."""
        return [
            (kind, self.spans[first][0], self.spans[last][1], fmean(self.scores[first : last + 1]))
            for kind, first, last in entity_spans(self.labels, strict=False)
        ]


@dataclass(slots=True)
class Answerer:
    """Answers lines with a kept model.

    Attributes:
        opened: the model.
        splitter: how lines are split into words; None where spaces stand between all words already.
        told: whether it has been said that a line is too long to be read at once.
    """

    opened: Opened
    splitter: Splitter | None
    told: bool = field(default=False)

    def answer(self, lines: Sequence[Line]) -> Iterator[Answer]:
        """Return the answers to lines, in their order.

        Raises:
            DataError: a line cannot be split into words.
        """
        return self._of_words(lines) if self.opened.kept.task.has_words else self._of_texts(lines)

    def _of_words(self, lines: Sequence[Line]) -> Iterator[Answer]:
        spans = [self._spans(line) for line in lines]
        words = [[line.text[a:b] for a, b in own] for line, own in zip(lines, spans, strict=True)]
        encodings = self.opened.tokenizer.encode_batch(words, is_pretokenized=True)
        parts = []
        for number, (line, encoding) in enumerate(zip(lines, encodings, strict=True)):
            if len(encoding.ids) > self.opened.limit:
                self._tell(line, "read in overlapping parts")
            parts += list(windows(number, encoding, self.opened.limit))
        outside = self.opened.kept.labels.classes[0]
        labels = [[outside] * len(own) for own in spans]
        scores = [[1.0] * len(own) for own in spans]  # of a word without a subword, which cannot be an entity
        for part, found in zip(parts, self._classify(parts), strict=True):
            for word, (label, score) in zip(part.words, found, strict=True):
                labels[part.sentence][word], scores[part.sentence][word] = label, score
        for line, places, own, chances in zip(lines, spans, labels, scores, strict=True):
            yield Answer(line.text, places, own, chances)

    def _of_texts(self, lines: Sequence[Line]) -> Iterator[Answer]:
        parts = []
        encodings = self.opened.tokenizer.encode_batch([line.text for line in lines])
        for number, (line, encoding) in enumerate(zip(lines, encodings, strict=True)):
            if encoding.overflowing:
                self._tell(line, "cut there, as they were when the model was scored")
            if CHUNK.search(line.text):
                parts.append(Window(number, encoding.ids, [0], [0]))
        found = dict(zip((part.sentence for part in parts), self._classify(parts), strict=True))
        for number, line in enumerate(lines):
            labels, scores = zip(*found[number], strict=True) if number in found else ((), ())
            yield Answer(line.text, (), labels, scores)

    def _spans(self, line: Line) -> list[Span]:
        if self.splitter is None:
            return spans_between_spaces(line.text)
        try:
            return self.splitter.spans(line.text)
        except DataError as error:
            raise DataError(f"{line.place}: {error}") from error

    def _tell(self, line: Line, what: str) -> None:
        """Say once that lines are longer than what the model reads at once."""
        if not self.told:
            log.warning(
                "%s: longer than the %d subwords that the model reads at once; such lines are %s.",
                *(line.place, self.opened.limit, what),
            )
        self.told = True

    def _classify(self, parts: Sequence[Window]) -> list[list[tuple[str, float]]]:
        """Return the label of each word of each window, with its probability."""
        if not parts:
            return []
        data, names = as_data(parts), self.opened.kept.labels.classes
        classes, chances = np.zeros(len(data.labels), np.int64), np.zeros(len(data.labels))
        with torch.inference_mode():
            for chosen in length_sorted(data):
                places = np.concatenate([np.arange(*data.label_starts[i : i + 2]) for i in chosen])
                likely, best = self._chances(data, chosen).max(dim=1)
                classes[places], chances[places] = best.cpu().numpy(), likely.cpu().numpy()
        pairs = [(names[number], float(chance)) for number, chance in zip(classes, chances, strict=True)]
        return [pairs[start:end] for start, end in pairwise(data.label_starts)]

    def _chances(self, data: Encoded, chosen: np.ndarray) -> torch.Tensor:
        """Return (labels, classes) the probability of each class of the words of some windows."""
        example = next(iter(self.opened.theta.values()))
        batch = make_batch([(data, chosen)], example.device, example.dtype)
        return self.opened.network.scores(self.opened.theta, batch).softmax(dim=1)
