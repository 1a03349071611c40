"""Examples of a user's file held to what a record must be: their faults noted, what is done to them told."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from metaxl.data.formats.examples import Example, is_number, lacks_name
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.records import LONG_SENTENCE, Record
from metaxl.data.formats.text import SHOWN, fault_of_text, shown
from metaxl.data.tags import is_tag

logger = logging.getLogger(__name__)
TYPE_O = re.compile(r"[BIESLU]-O")
DOCUMENT = "-DOCSTART-"
PREFIX = re.compile(r"([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*):(?=.)", re.DOTALL)
LONG_SENTENCES, FEW = 100, 10  # median words of sentences; how many are few
NUMBERS = "WikiANN has O B-PER I-PER B-ORG I-ORG B-LOC I-LOC for 0 to 6, MasakhaNER B-DATE I-DATE besides for 7 and 8"


def checked_sentences(file: str, examples: Sequence[Example], language: str, faults: Faults) -> list[Record]:
    """Return the records of sentences, their tags as they stand.

    -DOCSTART- lines are left out; where WikiANN's "code:" stands before every word, it is removed.
    """
    good = [example for example in examples if _is_sentence(example, faults)]
    without = [_without_documents(example) for example in good]
    left_out = sum(len(a.content) - len(b.content) for a, b in zip(good, without, strict=True))
    if left_out:
        logger.warning("%s: %d %s line%s left out.", file, left_out, DOCUMENT, " is" if left_out == 1 else "s are")
    records = [{"tokens": one.content, "tags": one.labels} for one in without if one.content]
    prefix = _common_prefix(records)
    if prefix:
        _remove_prefix(file, records, prefix, language, faults)
    _tell_missing_blanks(file, records)
    return records


def unmarked_sentences(examples: Sequence[Example], language: str, faults: Faults) -> list[Record]:
    """Return the records of WikiANN's own files, whose every word must bear the mark of the language.

    What follows the mark stays as it was published, blank or not.
    """
    mark = f"{language}:"
    for example in examples:
        for number, (word, tag) in enumerate(zip(example.content, example.labels, strict=True)):
            found = PREFIX.match(word)
            if not word.startswith(mark):
                other = f"a word of {found[1]!r}; is it another language's file?" if found else f"found {shown(word)}."
                faults.add(
                    "mark", example.place_of(number), f"expected '{mark}word' in the data of {language!r}, {other}"
                )
            if not is_tag(tag):
                _tell_tag(example.place_of(number), tag, faults)
    return [{"tokens": [word.removeprefix(mark) for word in one.content], "tags": one.labels} for one in examples]


def _is_sentence(example: Example, faults: Faults) -> bool:
    words, tags, place = example.content, example.labels, example.place
    if not isinstance(words, list) or not isinstance(tags, list):
        faults.add("lists", place, "expected a list of words and a list of tags.")
    elif len(words) != len(tags):
        faults.add("lengths", place, f"{len(words)} words but {len(tags)} tags; they must be as many.")
    elif not words:
        faults.add("empty", place, "the sentence has no words; remove it.")
    else:
        return all([_is_word(example, number, faults) for number in range(len(words))])  # every fault is noted
    return False


def _is_word(example: Example, number: int, faults: Faults) -> bool:
    word, tag, place = example.content[number], example.labels[number], example.place_of(number)
    if why := fault_of_text(word):
        faults.add(f"word {why.partition(';')[0]}", place, f"the word {shown(word)} {why}.")
        return False
    if word != DOCUMENT and not (isinstance(tag, str) and is_tag(tag)):
        _tell_tag(place, tag, faults, example.names)
        return False
    return True


def _tell_nameless(place: str, what: str, label: Any, names: Sequence[str], faults: Faults) -> None:
    faults.add(
        f"nameless {label}",
        place,
        f"the {what} {shown(label)} is no number from 0 to {len(names) - 1}, as the names say: "
        f"{shown(', '.join(names))}; mend it, or the names.",
    )


def _tell_tag(place: str, tag: Any, faults: Faults, names: Sequence[str] = ()) -> None:
    if lacks_name(tag, names):
        _tell_nameless(place, "tag", tag, names, faults)
    elif is_number(tag):
        faults.add(
            "numbers",
            place,
            f"the tag {shown(tag)} is a number, whose name must be given: names: [O, B-PER, ...] beside "
            f"path under files. {NUMBERS}.",
        )
    elif tag in ("0", "o"):
        faults.add(f"tag {tag}", place, f"the tag {tag!r} is no tag; write the letter O where no entity is.")
    elif isinstance(tag, str) and is_tag(tag.upper()) and not is_tag(tag):
        faults.add(
            "case",
            place,
            f"the tag {shown(tag)} must have its mark in capitals, such as {tag[:1].upper()}{tag[1:SHOWN]}.",
        )
    elif isinstance(tag, str) and TYPE_O.fullmatch(tag):
        faults.add("type O", place, f"{tag!r} is no tag: O is no type; give the type another name.")
    else:
        faults.add("tag", place, f"{shown(tag)} is no tag; expected O, or B- or I- with a type, such as B-PER.")


def _without_documents(example: Example) -> Example:
    kept = [(word, tag) for word, tag in zip(example.content, example.labels, strict=True) if word != DOCUMENT]
    return Example(example.place, [word for word, _ in kept], [tag for _, tag in kept])


def _common_prefix(records: Iterable[Record]) -> str:
    """Return the "code" that precedes every word of a file, "code:word", or nothing."""
    found = ""
    for record in records:
        for word in record["tokens"]:
            parts = PREFIX.match(word)
            if not parts or (found and parts[1] != found):
                return ""
            found = parts[1]
    return found


def _remove_prefix(file: str, records: Iterable[Record], prefix: str, language: str, faults: Faults) -> None:
    if prefix.lower() != language.lower():
        faults.add(
            "language",
            f"{file}:1",
            f"every word begins with '{prefix}:', as WikiANN marks the language {prefix!r}, but these are to be data "
            f"of {language!r}; is it another language's file?",
        )
    for record in records:
        record["tokens"] = [word.removeprefix(f"{prefix}:") for word in record["tokens"]]
    logger.warning("%s: '%s:' before every word, WikiANN's mark of the language, is removed.", file, prefix)


def _tell_missing_blanks(file: str, records: Sequence[Record]) -> None:
    lengths = [len(record["tokens"]) for record in records]
    lone = len(lengths) == 1 and lengths[0] > LONG_SENTENCE
    few = 1 < len(lengths) <= FEW and median(lengths) > LONG_SENTENCES
    if lone or few:
        logger.warning(
            "%s: %d sentence%s of %d words; is the blank line after each sentence missing?",
            *(file, len(lengths), "s" * (len(lengths) > 1), median(lengths)),
        )


def checked_reviews(file: str, examples: Sequence[Example], faults: Faults) -> list[Record]:
    """Return the records of texts with one label each, which may be a number or true or false."""
    records = []
    for example in examples:
        label = example.labels
        why = fault_of_text(example.content)
        if why:
            faults.add(f"text {why.partition(';')[0]}", example.place, f"the text {why}.")
        elif lacks_name(label, example.names):
            _tell_nameless(example.place, "label", label, example.names, faults)
        elif label is None or not isinstance(label, str | int | bool) or not str(label).strip():
            faults.add("label", example.place, f"expected one label, found {shown(label)}.")
        else:
            records.append({"text": example.content, "label": str(label).strip()})
    labels = Counter(record["label"] for record in records)
    if len(labels) > 20 and len(labels) > len(records) / 3:
        logger.warning("%s: %d different labels in %d texts; is it the right column?", file, len(labels), len(records))
    return records
