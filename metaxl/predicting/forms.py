"""Answers as lines of text, of CoNLL columns, or of JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from metaxl.data.tags import to_iob2
from metaxl.tasks import Task

if TYPE_CHECKING:
    from metaxl.predicting.answers import Answer  # the command line knows the forms without torch

FORMS = ("text", "conll", "json")


def formatted(answer: Answer, task: Task, form: str) -> str:
    """Return an answer in one of FORMS, with the end of its last line."""
    if form == "json":
        return json.dumps(_as_json(answer, task), ensure_ascii=False) + "\n"
    if not task.has_words:
        return f"{''.join(answer.labels)}\t{answer.text}\n"
    return _as_conll(answer) if form == "conll" else _as_text(answer) + "\n"


def _as_text(answer: Answer) -> str:
    """Return the line with brackets around its entities, their type first: "[LOC Kampala]"."""
    parts, place = [], 0
    for kind, start, end, _ in answer.entities():
        parts += [answer.text[place:start], f"[{kind} {answer.text[start:end]}]"]
        place = end
    return "".join([*parts, answer.text[place:]])


def _as_conll(answer: Answer) -> str:
    """Return a word, a tab and its tag on each line and a blank line; of a line without words the blank one alone."""
    pairs = zip(answer.spans, _tags(answer), strict=True)
    return "".join(f"{answer.text[start:end]}\t{tag}\n" for (start, end), tag in pairs) + "\n"


def _tags(answer: Answer) -> list[str]:
    """Return the tags of an answer's entities, as data are read: a model may say I- where an entity begins."""
    return to_iob2(answer.labels, Counter())


def _as_json(answer: Answer, task: Task) -> dict[str, Any]:
    """Return an answer as an object; NER's could be read as data again."""
    if not task.has_words:
        label, score = (answer.labels[0], round(answer.scores[0], 6)) if answer.labels else (None, None)
        return {"text": answer.text, "label": label, "score": score}
    return {
        "text": answer.text,
        "tokens": [answer.text[start:end] for start, end in answer.spans],
        "tags": _tags(answer),
        "entities": [
            {"type": kind, "text": answer.text[start:end], "start": start, "end": end, "score": round(score, 6)}
            for kind, start, end, score in answer.entities()
        ],
    }
