"""Labels and languages that are written in several ways and mean the same: known by meaning, never by spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from metaxl.experiment.schema import WORKFLOW, read_yaml

LANGUAGES = WORKFLOW / "data" / "language-codes.yaml"
TYPES = {
    "PER": ("PER", "PERS", "PERSON", "PERSONS", "PSN", "PERSONNAME"),
    "ORG": ("ORG", "ORGANISATION", "ORGANIZATION", "ORGANISATIONS", "ORGANIZATIONS"),
    "LOC": ("LOC", "LOCATION", "LOCATIONS"),
    "MISC": ("MISC", "MISCELLANEOUS"),
    "DATE": ("DATE", "DATES"),
}
CLASSES = {
    "positive": ("positive", "pos"),
    "negative": ("negative", "neg"),
    "neutral": ("neutral", "neu", "neut"),
}


def usual_name(label: str, has_words: bool) -> str:
    """Return the usual name of a type of entity or of a class of texts, or the label itself where none is known."""
    for name, spellings in (TYPES if has_words else CLASSES).items():
        if label.casefold() in {spelling.casefold() for spelling in spellings}:
            return name
    return label


def mapping_of(labels: Mapping[str, Iterable[str]], has_words: bool, kept: Iterable[str] = ()) -> dict[str, str]:
    """Return what the labels of several languages must become so that the same meaning has one name in all of them.

    Args:
        labels: of each language: the types of its entities, or the classes of its texts.
        has_words: whether they are types of entities.
        kept: labels that are mapped already.

    Returns:
        The usual name of every label that has another one; nothing where each meaning has one name everywhere.
    """
    names: dict[str, set[str]] = {}
    for label in (label for own in labels.values() for label in own):
        names.setdefault(usual_name(label, has_words), set()).add(label)
    if all(len(found - set(kept)) < 2 for found in names.values()):
        return {}
    pairs = ((label, name) for name, found in sorted(names.items()) for label in sorted(found))
    return {label: name for label, name in pairs if label != name and label not in set(kept)}


def same_language(code: str, known: Iterable[str]) -> str:
    """Return which of the known codes names the same language as `code`, by ISO 639; empty for none."""
    own = _language(code)
    return next((other for other in known if other != code and _language(other) == own), "")


def _language(code: str) -> tuple[str, ...]:
    """Return the one form of a code: of its first part the shortest code of ISO 639, and its other parts."""
    first, *rest = code.replace("_", "-").lower().split("-")
    return (_shortest().get(first, first), *rest)


@cache
def _shortest() -> dict[str, str]:
    """Return the code of two letters of every longer code."""
    return {longer: code for code, others in read_yaml(LANGUAGES).items() for longer in others.split()}
