"""Spell sounds: a phoneme is one ASCII character, and each script has letters for it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Script = Literal["latin", "cyrillic", "georgian", "han", "telugu", "arabic"]

VOWELS = "aeiou@U"
# '@' is a schwa, 'U' a front rounded u, 'N' ng, 'S' sh, 'Z' zh, 'C' ch, 'J' the j of "jam", 'c' ts and 'x' kh.
CONSONANTS = "pbtdkgqmnNszSZCJcfvhxrlwy"
CASED: frozenset[str] = frozenset({"latin", "cyrillic"})

# What a sound is written with, where that is not its own character; in Arabic letters short vowels go unwritten.
_LETTERS: dict[Script, dict[str, str]] = {
    "latin": {"@": "e", "U": "u", "N": "ng", "S": "sh", "Z": "zh", "C": "ch", "J": "j", "c": "ts", "x": "kh"},
    "cyrillic": dict(zip("aeiou@UpbtdkgqmnNszSZCJcfvhxrlwy", "аеиоуыюпбтдкгкмннсзшжчжцфвххрлвй", strict=True)),
    "georgian": dict(zip("aeiou@UpbtdkgqmnNszSZCJcfvhxrlwy", "აეიოუჷჳპბტდკგყმნნსზშჟჩჯცფვჰხრლვჲ", strict=True)),
    "arabic": {
        **dict(zip("aiouUpbtdkgqmnNszSZCJcfvhxrlwy", "ایوووپبتدکگقمننسزشژچجسفوهخرلوی", strict=True)),
        **{"e": "", "@": ""},
    },
}
# In which letters a language differs from others of its script.
_ORTHOGRAPHY = {
    "en": {"@": "e", "k": "c"},
    "es": {"k": "c", "N": "ñ", "h": "j", "y": "y"},
    "id": {"C": "c", "N": "ng"},
    "tr": {"C": "ç", "S": "ş", "J": "c", "U": "ü", "@": "ı"},
    "tk": {"C": "ç", "S": "ş", "J": "j", "U": "ü", "@": "y", "y": "ý", "Z": "ž"},
    "qu": {"N": "ñ", "C": "ch"},
    "mi": {"N": "ng", "f": "wh"},
    "gn": {"N": "ñ", "S": "x", "@": "y", "y": "j"},
    "ilo": {"N": "ng"},
    "mhr": {"N": "ҥ", "U": "ӱ", "@": "ӹ"},
}
_TELUGU = dict(zip("pbtdkgqmnNszSZCJcfvhxrlwy", "పబతదకగకమనఙసజశజచజచఫవహఖరలవయ", strict=True))
_TELUGU_VOWEL = dict(zip("aeiou@U", "అఎఇఒఉఅఉ", strict=True))
_TELUGU_SIGN = {"a": "", "@": "", "e": "ె", "i": "ి", "o": "ొ", "u": "ు", "U": "ు"}
_VIRAMA = "్"
_SYLLABLE = re.compile(rf"[{CONSONANTS}]?[{VOWELS}](?:[{CONSONANTS}](?![{VOWELS}]))?")
_HAN_FIRST = 0x4E00


@lru_cache(maxsize=1 << 16)
def spell(sounds: str, script: Script, code: str) -> str:
    """Return the letters of a string of phonemes in a language's own orthography."""
    if script == "telugu":
        return _telugu(sounds)
    if script == "han":
        return "".join(_han(syllable) for syllable in _SYLLABLE.findall(sounds))
    letters = _LETTERS[script] | _ORTHOGRAPHY.get(code, {})
    carrier = "ا" if script == "arabic" and sounds[:1] in {"e", "@"} else ""  # an alif, before an unwritten vowel
    return carrier + "".join(letters.get(sound, sound) for sound in sounds)


def _telugu(sounds: str) -> str:
    """Write consonants with the sign of the vowel that follows, or with the virama where none does."""
    letters = []
    for before, sound, after in zip(" " + sounds, sounds, sounds[1:] + " ", strict=False):
        if sound in VOWELS:
            letters.append((_TELUGU_SIGN if before in CONSONANTS else _TELUGU_VOWEL)[sound])
        else:
            letters.append(_TELUGU[sound] + ("" if after in VOWELS else _VIRAMA))
    return "".join(letters)


def _han(syllable: str) -> str:
    """Return the one character of a syllable, which its onset, vowel and coda determine."""
    onset = CONSONANTS.index(syllable[0]) + 1 if syllable[0] in CONSONANTS else 0
    vowel = next(index for index, sound in enumerate(VOWELS) if sound in syllable)
    coda = {"n": 1, "N": 2}.get(syllable[-1], 3) if syllable[-1] in CONSONANTS else 0
    return chr(_HAN_FIRST + (onset * len(VOWELS) + vowel) * 4 + coda)
