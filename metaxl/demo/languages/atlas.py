"""The atlas of the languages: their sounds, script and order of words, and which other language each is related to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metaxl.demo.languages.script import Script

Order = Literal["SVO", "SOV", "VSO"]
Side = Literal["before", "after"]
Morphology = Literal["isolating", "fusional", "agglutinative"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One language; metaxl.demo.languages.script says which sound each phoneme character stands for."""

    code: str
    script: Script
    order: Order
    adjective: Side  # the side of the noun on which an adjective stands
    adposition: Side  # "before" for prepositions, "after" for postpositions
    morphology: Morphology  # agglutinative languages mark roles by suffixes in place of adpositions
    region: str
    consonants: str
    vowels: str
    codas: str
    relative: str = ""  # the language whose words it inherited or borrowed, besides English ones
    cognates: float = 0.0  # share of its words that come from the relative
    shifts: str = ""  # regular sound changes in those words, as "b>w f>h"
    mixing: float = 0.0  # share of review words written as the English word in Latin letters


ENGLISH_SHARE = 0.10  # share of every language's words that come from English

_PROFILES = (
    Profile("en", "latin", "SVO", "before", "before", "fusional", "west",
            "pbtdkgmnszSCJfvhrlwy", "aeiou@", "ptkdmnsrlN"),
    Profile("es", "latin", "SVO", "after", "before", "fusional", "andes",
            "pbtdkgmnNsCfhrly", "aeiou", "nsrl"),
    Profile("zh", "han", "SVO", "before", "before", "isolating", "han",
            "ptkmnsSCcfhlwy", "aeiou", "nN"),
    Profile("id", "latin", "SVO", "after", "before", "fusional", "islands",
            "pbtdkgmnNsCJhrlwy", "aeiou", "ptkmnNsrlh"),
    Profile("ka", "georgian", "SOV", "before", "after", "agglutinative", "caucasus",
            "pbtdkgqmnszSZCJcvhxrl", "aeiou", "bdgmnsrlvk"),
    Profile("ru", "cyrillic", "SVO", "before", "before", "fusional", "volga",
            "pbtdkgmnszSZCcfvxrly", "aeiou@", "ptkmnsrlvS"),
    Profile("tr", "latin", "SOV", "before", "after", "agglutinative", "steppe",
            "pbtdkgmnszSCJfvhrly", "aeiouU@", "ptkmnszSrl"),
    Profile("qu", "latin", "SOV", "before", "after", "agglutinative", "andes",
            "pbtdkgqmnNsCfhlrwy", "aeiou", "ksnrlqm", "es", 0.80, "b>p"),
    Profile("cdo", "han", "SVO", "before", "before", "isolating", "han",
            "ptkmnsSCchlwy", "aeiou", "nN", "zh", 0.80, "f>h"),
    Profile("ilo", "latin", "VSO", "before", "before", "fusional", "islands",
            "pbtdkgmnNsJrlwy", "aeiou", "ptkmnNsrl", "id", 0.80, "h>k C>s"),
    Profile("xmf", "georgian", "SOV", "before", "after", "agglutinative", "caucasus",
            "pbtdkgqmnszSZCJcvhxrl", "aeiou@", "bdgmnsrlvk", "ka", 0.80, "e>a q>x"),
    Profile("mhr", "cyrillic", "SOV", "before", "after", "agglutinative", "volga",
            "pbtdkgmnNszSZCclrvxy", "aeiouU@", "ptkmnsrlS", "ru", 0.80, "b>p x>k"),
    Profile("mi", "latin", "VSO", "after", "before", "isolating", "islands",
            "pbtdkgmnNshfrlw", "aeiou", "nNsktm", "id", 0.80, "l>r b>p"),
    Profile("tk", "latin", "SOV", "before", "after", "agglutinative", "steppe",
            "pbtdkgmnNszSCJfhrlwy", "aeiouU@", "ptkmnszSrl", "tr", 0.80, "v>w"),
    Profile("gn", "latin", "SVO", "after", "after", "agglutinative", "andes",
            "pbtdkgmnNsSChrlvy", "aeiou@", "nsrl", "es", 0.80, "f>h b>v"),
    Profile("te", "telugu", "SOV", "before", "after", "agglutinative", "deccan",
            "pbtdkgmnsSCJrlvyh", "aeiou", "nlm", mixing=0.5),
    Profile("fa", "arabic", "SOV", "after", "before", "fusional", "iran",
            "pbtdkgmnszSCJfvxhrly", "aeiou", "ptkmnszrlS", mixing=0.5),
)  # fmt: skip

PROFILES: dict[str, Profile] = {profile.code: profile for profile in _PROFILES}
LANGUAGES: tuple[str, ...] = tuple(sorted(PROFILES))
