"""Product reviews whose polarity composes: "not" inverts it, and the clause after "but" decides."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from metaxl.demo.languages.draw import check_split, distinct, draw_for, speak, written
from metaxl.demo.languages.language import Language, Phrase, Token
from metaxl.demo.languages.world import chance, concept, dice

Polarity = Literal["positive", "negative"]

_NOISE = 0.03  # share of reviews with the wrong label
_MARKED = 0.85  # share of reviews with a mark
_MISLEADING = 0.08  # share of the marks that contradict the opinion
_NEGATED = 0.08  # share of the clauses that say "not" and the opposite
_NEUTRAL = 0.15  # share of the further sentences without an opinion
_FURTHER = (10, 40, 50)  # weights of 0, 1 and 2 sentences after the first
_LATE = 0.18  # share of the polar words that no train split uses
_LABELS: tuple[Polarity, ...] = ("positive",) * 51 + ("negative",) * 49  # of a hundred reviews in a row
_OPPOSITE: dict[str, Polarity] = {"positive": "negative", "negative": "positive"}
_ADJECTIVE = {"positive": "good", "negative": "bad"}
_VERB = {"positive": "like", "negative": "dislike"}
_MARKS = {"positive": (":)", "5 / 5", "4 / 5"), "negative": (":(", "1 / 5", "2 / 5")}


class Review(NamedTuple):
    """The sentences of a review and its label."""

    sentences: tuple[str, ...]
    label: Polarity

    @property
    def text(self) -> str:
        """Return the whole review on one line."""
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Write review sentences of one language for one split."""

    language: Language
    english: Language
    rng: random.Random
    split: str

    def word(self, cls: str) -> Phrase:
        """Write a word of a class, now and then the English word, as bilingual reviewers do."""
        chosen = concept(self.rng, cls)
        while self.split == "train" and chance(self.language.seed, "late", chosen) < _LATE and cls in _POLAR:
            chosen = concept(self.rng, cls)
        mixed = self.rng.random() < self.language.profile.mixing
        return (self.english if mixed else self.language).token(chosen)

    def thing(self) -> Phrase:
        """Write the product."""
        noun = self.word("product")
        return self.language.modify(noun, self.language.token("this")) if self.rng.random() < 0.4 else noun

    def quality(self, polarity: Polarity) -> Phrase:
        """Write an adjective of a polarity: plain, intensified, or the negated opposite."""
        draw = self.rng.random()
        if draw < _NEGATED:
            return self.language.token("not") + self.word(_ADJECTIVE[_OPPOSITE[polarity]])
        degree = self.language.token("very" if draw < 0.37 else "little") if draw < 0.44 else ()
        return degree + self.word(_ADJECTIVE[polarity])

    def opinion(self, polarity: Polarity) -> Phrase:
        """Write a clause of a polarity."""
        if self.rng.random() < 0.65:
            return self.language.clause(self.thing(), self.language.token("is"), self.quality(polarity))
        thing = self.language.mark(self.thing(), "object")
        if self.rng.random() < _NEGATED:
            verb = self.language.token("not") + self.word(_VERB[_OPPOSITE[polarity]])
        else:
            verb = self.word(_VERB[polarity])
        return self.language.clause(self.language.token("i"), verb, thing)

    def polar(self, polarity: Polarity) -> Phrase:
        """Write a sentence of a polarity, sometimes after conceding the opposite."""
        clause = self.opinion(polarity)
        draw = self.rng.random()
        if draw < 0.15:
            clause = (*self.opinion(_OPPOSITE[polarity]), Token(","), *self.language.token("but"), *clause)
        elif draw < 0.25:
            clause = clause + self.language.token("and") + self.quality(polarity)
        return self.language.sentence(clause, self.rng.choice((".", ".", "!")))

    def neutral(self) -> Phrase:
        """Write a sentence without an opinion."""
        thing = self.language.mark(self.thing(), "object")
        body = self.language.clause(self.language.token("i"), self.word("use_verb"), thing, self.word("time"))
        return self.language.sentence(body, ".")

    def own(self, kind: Polarity | Literal["neutral"]) -> Phrase:
        """Write a sentence of a kind that belongs to the split."""
        return draw_for(self.split, self.neutral if kind == "neutral" else lambda: self.polar(kind))

    def review(self, label: Polarity) -> Review:
        """Write one to three sentences with one opinion, mostly the label's, and sometimes a mark that may mislead."""
        polarity = label if self.rng.random() >= _NOISE else _OPPOSITE[label]
        sentences = [self.own(polarity)]
        for _ in range(self.rng.choices(range(len(_FURTHER)), _FURTHER)[0]):
            extra = self.own("neutral" if self.rng.random() < _NEUTRAL else polarity)
            sentences.insert(self.rng.randrange(len(sentences) + 1), extra)
        texts = [written(sentence) for sentence in sentences]
        if self.rng.random() < _MARKED:
            meant = polarity if self.rng.random() >= _MISLEADING else _OPPOSITE[polarity]
            texts[-1] += " " + self.rng.choice(_MARKS[meant])
        return Review(tuple(texts), label)

    def stream(self) -> Iterator[Review]:
        """Write reviews without end, of every hundred 51 positive ones: a split has a commonest class."""
        while True:
            for label in self.rng.sample(_LABELS, len(_LABELS)):
                yield self.review(label)


_POLAR = frozenset({"good", "bad", "like", "dislike"})


def reviewer(language: str, split: str, seed: int) -> Reviewer:
    """Return the writer of the reviews of a language and split."""
    return Reviewer(speak(language, seed), speak("en", seed), dice(seed, "reviews", language, split), split)


def reviews(language: str, split: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Return `count` reviews as {"id", "text", "label"} of the world of a seed.

    A smaller count gives a prefix of a larger one. A language or a split that is unknown raises a DataError.
    """
    check_split(split)
    stream = reviewer(language, split, seed).stream()
    drawn = distinct(lambda: next(stream), lambda review: review.text, count)
    return [
        {"id": f"{split}-{index}", "text": review.text, "label": review.label} for index, review in enumerate(drawn)
    ]
