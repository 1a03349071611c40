"""Sentences with people, organisations and places, in the style of an encyclopaedia; a quarter are bare titles."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from metaxl.demo.languages.draw import check_split, distinct, draw_for, speak, written
from metaxl.demo.languages.language import Language, Phrase, Token
from metaxl.demo.languages.world import Kind, Pool, concept, dice, pick_name

_UNSEEN = 0.45  # share of names in dev and test that are drawn from the split's own pool


@dataclass(frozen=True, slots=True)
class Scribe:
    """Write phrases and sentences of one language, with the names that a split may use."""

    language: Language
    rng: random.Random
    split: str

    def one_of(self, *makers: tuple[float, Callable[[], Phrase]]) -> Phrase:
        """Write what one of the weighted makers makes."""
        return self.rng.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()

    def common(self, cls: str) -> Phrase:
        """Write a common word of a class."""
        return self.language.token(concept(self.rng, cls))

    def stem(self, kind: Kind) -> str:
        """Write a name of a kind."""
        name = pick_name(self.rng, self.language.seed, kind, self.language.profile.region, self._pool())
        return self.language.name(name)

    def _pool(self) -> Pool:
        """Choose the pool of a name: the unlabelled text uses all pools, dev and test their own and train's."""
        pools: tuple[Pool, ...] = ("train", "dev", "test")
        if self.split == "text":
            return self.rng.choices(pools, (60, 12, 28))[0]
        return next((own for own in pools if own == self.split and self.rng.random() < _UNSEEN), "train")

    def person(self) -> Phrase:
        """Write a person's name of one to three words."""
        kinds: list[tuple[Kind, ...]] = [("given", "surname"), ("surname",), ("given",), ("given", "given", "surname")]
        chosen = self.rng.choices(kinds, (55, 22, 13, 10))[0]
        return tagged([self.stem(kind) for kind in chosen], "PER")

    def place(self) -> Phrase:
        """Write a place: its name, its name and kind ("X River"), or "New X"."""
        stem, draw = self.stem("place"), self.rng.random()
        if draw < 0.74:
            return tagged([stem], "LOC")
        other = "new" if draw < 0.82 else concept(self.rng, "place_noun")
        parts = (stem, self.proper(other)) if draw >= 0.82 else (self.proper(other), stem)
        return tagged(self.compound(*parts), "LOC")

    def organisation(self) -> Phrase:
        """Write an organisation: with a word for its kind, as "kind of X", or the bare name."""
        kind: Kind = self.rng.choices(("brand", "place", "surname"), (60, 28, 12))[0]
        stem, draw = self.stem(kind), self.rng.random()
        if draw < 0.30:
            return tagged([stem], "ORG")
        marker = self.proper(concept(self.rng, "org_noun"))
        if draw < 0.85:
            return tagged(self.compound(stem, marker), "ORG")
        owned = self.language.modify((Token(marker),), self.language.mark((Token(stem),), "of"))
        return tagged([token.form for token in owned], "ORG")

    def entity(self) -> Phrase:
        """Write any entity."""
        return self.one_of((4, self.person), (3, self.organisation), (4, self.place))

    def proper(self, of: str) -> str:
        """Write a common word as a part of a name."""
        return self.language.capital(self.language.word(of))

    def compound(self, first: str, second: str) -> list[str]:
        """Order a name and its kind as the language orders modifier and noun."""
        return [token.form for token in self.language.modify((Token(second),), (Token(first),))]

    def noun(self, cls: str) -> Phrase:
        """Write a noun, sometimes plural, sometimes with an adjective."""
        number = self.rng.random()
        noun = self.language.inflected(concept(self.rng, cls), "plural") if number < 0.25 else self.common(cls)
        return self.language.modify(noun, self.common("adjective")) if self.rng.random() < 0.45 else noun

    def verb(self, cls: str) -> Phrase:
        """Write a verb, mostly in the past."""
        chosen = concept(self.rng, cls)
        return self.language.inflected(chosen, "past") if self.rng.random() < 0.7 else self.language.token(chosen)

    def adverbial(self) -> Phrase:
        """Write how, where, from where or when something happens, or two of these."""
        return self.one_of(
            (3, self.where),
            (2, self.when),
            (2, lambda: self.common("adverb")),
            (2, lambda: self.language.mark(self.noun("thing"), "with")),
            (2, lambda: self.where() + self.when()),
            (2, lambda: self.common("adverb") + self.where()),
        )

    def where(self) -> Phrase:
        """Write in which place, or from which."""
        return self.language.mark(self.place(), self.rng.choice(("in", "in", "in", "from")))

    def when(self) -> Phrase:
        """Write a time or a year."""
        return self.one_of((1, lambda: self.common("time")), (1, lambda: (Token(str(self.rng.randrange(1900, 2020))),)))

    def deed(self, doer: Phrase, verb: str) -> Phrase:
        """Write that somebody did something."""
        what = self.one_of((5, lambda: self.noun("thing")), (1, self.entity))
        deed = self.language.clause(doer, self.verb(verb), self.language.mark(what, "object"), self.adverbial())
        if self.rng.random() < 0.75:
            return deed
        more = self.language.mark(self.noun("thing"), "object")
        return deed + self.language.token("and") + self.language.clause((), self.verb(verb), more)

    def definition(self, subject: Phrase, noun: str) -> Phrase:
        """Write that something is of a kind, as an article's first sentence does."""
        kind = self.noun(noun)
        where = self.one_of((3, lambda: self.language.mark(self.place(), "in")), (2, lambda: ()))
        return self.language.clause(subject, self.language.token("is"), kind, where)

    def description(self) -> Phrase:
        """Write what happens to the things of an owner."""
        owned = self.language.modify(self.noun("thing"), self.language.mark(self.entity(), "of"))
        return self.language.clause(owned, self.verb("thing_verb"), (), self.adverbial())

    def apposition(self) -> Phrase:
        """Write a title and its holder, who does something."""
        holder = self.one_of(
            (3, lambda: self.common("person_noun") + self.person()),
            (1, lambda: (*self.person(), Token(","), *self.common("person_noun"), Token(","))),
        )
        return self.deed(holder, "person_verb")

    def prose(self) -> Phrase:
        """Write a whole sentence with at least one entity."""
        body = self.one_of(
            (4, lambda: self.deed(self.person(), "person_verb")),
            (4, lambda: self.deed(self.organisation(), "org_verb")),
            (3, lambda: self.deed(self.entity(), "shared_verb")),
            (3, lambda: self.definition(self.place(), "place_noun")),
            (2, lambda: self.definition(self.person(), "person_noun")),
            (2, lambda: self.definition(self.organisation(), "org_noun")),
            (3, self.description),
            (2, self.apposition),
        )
        return self.language.sentence(body, ".")

    def title(self) -> Phrase:
        """Write an article's title, a redirect's, or a list's entry."""
        comma = (Token(","),)
        return self.one_of(
            (3, lambda: (*self.entity(), Token("("), *self.place(), Token(")"))),
            (1, lambda: (*self.person(), Token("("), *self.common("person_noun"), Token(")"))),
            (2, lambda: self.place() + comma + self.place() + comma + self.place()),
            (2, lambda: self.person() + comma + self.person() + comma + self.person()),
            (2, lambda: self.organisation() + comma + self.place()),
            (1, lambda: (Token("*"), *self.person(), Token("-"), *self.organisation())),
        )

    def nameless(self) -> Phrase:
        """Write a sentence without any entity."""
        doer = self.noun(self.rng.choice(("person_noun", "org_noun", "thing")))
        what = self.language.mark(self.noun("thing"), "object")
        body = self.language.clause(doer, self.verb("shared_verb"), what, self.when())
        return self.language.sentence(body, ".")

    def sentence(self) -> Phrase:
        """Write an entry of the split's corpus: three quarters of them prose."""
        return draw_for(self.split, lambda: self.one_of((3, self.prose), (1, self.title)))


def tagged(forms: list[str], entity: str) -> Phrase:
    """Tag all forms as one entity."""
    return tuple(Token(form, f"{'I' if index else 'B'}-{entity}") for index, form in enumerate(forms))


def ner_sentences(language: str, split: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Return `count` sentences as {"id", "tokens", "tags"} (IOB2 with PER, ORG, LOC) of the world of a seed.

    A smaller count gives a prefix of a larger one. A language or a split that is unknown raises a DataError.
    """
    check_split(split)
    scribe = Scribe(speak(language, seed), dice(seed, "ner", language, split), split)
    return [
        {"id": f"{split}-{index}", "tokens": [token.form for token in phrase], "tags": [token.tag for token in phrase]}
        for index, phrase in enumerate(distinct(scribe.sentence, written, count))
    ]
