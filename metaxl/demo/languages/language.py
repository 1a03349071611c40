"""One language: its words, its way with foreign sounds, and how it orders and marks words."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from metaxl.demo.languages.atlas import ENGLISH_SHARE, PROFILES, Profile
from metaxl.demo.languages.script import CASED, CONSONANTS, VOWELS, spell
from metaxl.demo.languages.world import GRAMMATICAL, Name, chance, dice


class Token(NamedTuple):
    """A written word and its IOB2 tag."""

    form: str
    tag: str = "O"


Phrase = tuple[Token, ...]

# In place of a sound that it lacks, a language says the first of these that it has, or nothing.
_NEAREST = {
    "b": "pv", "p": "b", "d": "t", "g": "k", "q": "k", "N": "n", "s": "h", "z": "sh", "S": "sh", "Z": "zSJsh",
    "C": "Sst", "J": "dCt", "c": "sh", "f": "ph", "v": "wbf", "h": "xk", "x": "hk", "l": "r", "r": "l",
    "w": "vu", "y": "i", "e": "i", "o": "u", "@": "ea", "U": "u",
}  # fmt: skip
# The language in whose sounds the names of a region were first spoken.
_TONGUE = {"west": "en", "andes": "es", "han": "zh", "islands": "id", "caucasus": "ka", "volga": "ru",
           "steppe": "tr", "deccan": "te", "iran": "fa"}  # fmt: skip
_ENDINGS = {"given": 0.4, "surname": 0.75, "place": 0.75, "brand": 0.5}  # share of names with a telling ending
_NAMESAKES = {"surname": 0.16, "brand": 0.25}  # share of names that are also the name of a place


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the world of a seed."""

    seed: int
    profile: Profile

    def word(self, concept: str) -> str:
        """Return the written word of a concept."""
        return spell(_sounds(self.seed, self.profile.code, concept), self.profile.script, self.profile.code)

    def token(self, concept: str) -> Phrase:
        """Return the word of a concept as a phrase."""
        return (Token(self.word(concept)),)

    def inflected(self, concept: str, affix: str) -> Phrase:
        """Return the word with the plural or past affix; isolating languages leave the affix out."""
        ending = "" if self.profile.morphology == "isolating" else self.word(f"affix-{affix}")
        return (Token(self.word(concept) + ending),)

    def name(self, name: Name) -> str:
        """Return a name of the world as this language pronounces and spells it."""
        sounds = adapt(_name_sounds(self.seed, *name), self.profile)
        return self.capital(spell(sounds, self.profile.script, self.profile.code))

    def capital(self, form: str) -> str:
        """Write the first letter as a capital, if the script has capitals."""
        return form[:1].upper() + form[1:] if self.profile.script in CASED else form

    def sentence(self, body: Phrase, stop: str) -> Phrase:
        """Return the words of a sentence with a capital at its beginning and a stop at its end."""
        return (Token(self.capital(body[0].form), body[0].tag), *body[1:], Token(stop))

    def mark(self, phrase: Phrase, role: str) -> Phrase:
        """Mark a role (in, from, of, with, object) by a suffix, an adposition or position alone."""
        if self.profile.morphology == "agglutinative":
            last = phrase[-1]
            return (*phrase[:-1], Token(last.form + self.word(f"affix-{role}"), last.tag))
        if role == "object":
            return phrase
        adposition = self.token(role)
        return adposition + phrase if self.profile.adposition == "before" else phrase + adposition

    def modify(self, noun: Phrase, modifier: Phrase) -> Phrase:
        """Put an adjective, a possessor or a compound's first part on its side of the noun."""
        return modifier + noun if self.profile.adjective == "before" else noun + modifier

    def clause(self, subject: Phrase, verb: Phrase, complement: Phrase = (), adverbial: Phrase = ()) -> Phrase:
        """Order the parts of a clause."""
        if self.profile.order == "SVO":
            return subject + verb + complement + adverbial
        if self.profile.order == "SOV":
            return subject + adverbial + complement + verb
        return verb + subject + complement + adverbial


def adapt(sounds: str, profile: Profile) -> str:
    """Replace the sounds that a language lacks and repair the syllables that it does not allow."""
    inventory = profile.consonants + profile.vowels
    heard = "".join(
        sound if sound in inventory else next((near for near in _NEAREST.get(sound, "") if near in inventory), "")
        for sound in sounds
    )
    repaired = ""
    for here, after in zip(heard, heard[1:] + " ", strict=True):
        if here in VOWELS or after in VOWELS or (repaired[-1:] and repaired[-1] in VOWELS and here in profile.codas):
            repaired += here
        elif after in CONSONANTS:
            repaired += here + "i"
    return repaired or "a"


@lru_cache(maxsize=1 << 16)
def _sounds(seed: int, code: str, concept: str) -> str:
    """Return the sounds of a word: its relative's after the regular sound changes, the English ones, or its own."""
    profile, draw = PROFILES[code], chance(seed, "origin", code, concept)
    if draw < profile.cognates:
        shifts = {ord(shift[0]): shift[2] for shift in profile.shifts.split()}
        return adapt(_sounds(seed, profile.relative, concept).translate(shifts), profile)
    if draw < profile.cognates + ENGLISH_SHARE and code != "en":
        return adapt(_sounds(seed, "en", concept), profile)
    return _root(seed, code, concept, 1 if concept.startswith("affix-") or concept in GRAMMATICAL else 2)


@lru_cache(maxsize=1 << 16)
def _name_sounds(seed: int, kind: str, number: int, region: str) -> str:
    """Return the sounds of a name in the language of its region; some surnames and brands are a place's name."""
    if chance(seed, "namesake", kind, number) < _NAMESAKES.get(kind, 0.0):
        return _name_sounds(seed, "place", number, region)
    tongue = _TONGUE[region]
    rng = dice(seed, "name", kind, number)
    stem = _root(seed, tongue, f"name-{kind}-{number}", 2 if kind != "brand" else rng.choice((1, 2)))
    if rng.random() < _ENDINGS[kind]:
        return adapt(stem + _root(seed, tongue, f"ending-{kind}-{rng.choice('12')}", 1), PROFILES[tongue])
    return stem


def _root(seed: int, code: str, key: str, syllables: int) -> str:
    """Invent a word from the sounds that a language prefers; affixes begin with a consonant."""
    profile, rng = PROFILES[code], dice(seed, "root", code, key)
    bare = 0.0 if key.startswith(("affix-", "ending-")) else 0.15
    sounds = ""
    for _ in range(syllables):
        sounds += "" if rng.random() < bare and not sounds else _draw(rng, seed, code, profile.consonants)
        sounds += _draw(rng, seed, code, profile.vowels)
        if profile.codas and rng.random() < 0.25:
            sounds += _draw(rng, seed, code, profile.codas)
    return sounds


def _draw(rng: random.Random, seed: int, code: str, sounds: str) -> str:
    """Draw a sound with the language's own taste."""
    ranks = _taste(seed, code, sounds)
    return rng.choices(ranks, [1 / (rank + 4) for rank in range(len(ranks))])[0]


@lru_cache(maxsize=512)
def _taste(seed: int, code: str, sounds: str) -> str:
    """Return the sounds in the order of the language's taste, its favourite first."""
    return "".join(dice(seed, "taste", code, sounds).sample(sounds, len(sounds)))
