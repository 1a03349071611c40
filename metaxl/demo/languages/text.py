"""Unlabelled text of a language, on which an encoder is pre-trained."""

from __future__ import annotations

from metaxl.demo.languages.draw import distinct, draw_for, speak, written
from metaxl.demo.languages.ner import Scribe
from metaxl.demo.languages.reviews import reviewer
from metaxl.demo.languages.world import dice

_KINDS, _WEIGHTS = ("entry", "nameless", "review"), (55, 15, 30)


def unlabelled_text(language: str, count: int, seed: int) -> list[str]:
    """Return `count` different sentences of a language, none of which is in its train, dev or test data.

    A smaller count gives a prefix of a larger one. An unknown language raises a DataError.
    """
    rng = dice(seed, "text", language)
    scribe, opinions = Scribe(speak(language, seed), rng, "text"), reviewer(language, "text", seed).stream()

    def line() -> str:
        kind = rng.choices(_KINDS, _WEIGHTS)[0]
        if kind == "review":
            return next(opinions).text
        return written(scribe.sentence() if kind == "entry" else draw_for("text", scribe.nameless))

    return distinct(line, str, count)
