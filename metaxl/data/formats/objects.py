"""Examples as JSON: an object a line, an array of objects, or an object that has one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metaxl.data.formats.examples import Example
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.text import lines_of, shown
from metaxl.errors import DataError

logger = logging.getLogger(__name__)
Keys = Mapping[str, Sequence[str]]  # what each key that is looked for may be called
SENTENCE: Keys = {"tokens": ("tokens", "words"), "tags": ("tags", "ner_tags", "labels", "ner")}
REVIEW: Keys = {
    "text": ("text", "sentence", "review", "tweet", "content"),
    "label": ("label", "sentiment", "polarity", "class"),
}
Row = dict[str, Any]
Names = Mapping[str, Sequence[str]]  # of the integer labels of each column that has any
MOST_KEYS = 20  # in a message
NESTED = "brackets are nested too deeply for an example; remove the line."


class _RepeatedKeyError(ValueError):
    pass


def json_lines(file: str, text: str, faults: Faults) -> Iterator[tuple[str, Row]]:
    """Yield the place and the object of each line that is not blank."""
    for number, line in enumerate(lines_of(text), 1):
        if line.strip():
            place = f"{file}:{number}"
            try:
                value = json.loads(line, object_pairs_hook=_object)
            except RecursionError:
                faults.add("nested", place, NESTED)
            except _RepeatedKeyError as error:
                faults.add("repeated key", place, str(error))
            except ValueError as error:
                faults.add("json", place, f"not JSON: {error}.")
            else:
                if isinstance(value, dict):
                    yield place, value
                else:
                    faults.add("object", place, f"expected a JSON object, found {type(value).__name__}.")


def json_file(file: str, text: str, faults: Faults) -> Iterator[tuple[str, Row]]:
    """Yield the place and the object of each entry of a JSON file; a file of JSON lines is read as such.

    Raises:
        DataError: it is neither a list of objects, nor an object that has one list of them, nor JSON lines.
    """
    try:
        whole = json.loads(text, object_pairs_hook=_object)
    except RecursionError as error:
        raise DataError(f"{file}: {NESTED}") from error
    except _RepeatedKeyError as error:
        raise DataError(f"{file}: {error}") from error
    except ValueError:
        yield from json_lines(file, text, faults)
        return
    lists = [whole] if isinstance(whole, list) else [v for v in _values(whole) if isinstance(v, list)]
    lists = [found for found in lists if found and all(isinstance(entry, dict) for entry in found)]
    if len(lists) == 1:
        yield from ((f"{file}, entry {number}", entry) for number, entry in enumerate(lists[0]))
    elif isinstance(whole, dict):
        yield f"{file}:1", whole  # one JSON line
    else:
        raise DataError(f"{file}: expected a list of objects, or JSON lines.")


def _values(whole: Any) -> list[Any]:
    return list(whole.values()) if isinstance(whole, dict) else []


def _object(pairs: list[tuple[str, Any]]) -> Row:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _RepeatedKeyError(f"the key {shown(repeated)} stands twice in one object; keep one of them.")
    return value


def examples_of(
    file: str,
    rows: Iterator[tuple[str, Row]],
    keys: Keys,
    columns: Mapping[str, Any],
    faults: Faults,
    names: Names | None = None,
) -> Iterator[Example]:
    """Yield the examples of rows with named values.

    Args:
        file: for messages.
        rows: the place and the values by name of each.
        keys: SENTENCE or REVIEW; the first row tells which of their names are used.
        columns: names that the configuration gives, by "word", "tag", "text", "label".
        faults: where rows go that lack a value.
        names: what the data state of each column's integer labels; those of the column that is read are applied.
    """
    used: dict[str, str] = {}
    for place, row in rows:
        if not used:
            used = _used(file, place, row, keys, columns)
        missing = [name for name in used.values() if name not in row]
        if missing:
            faults.add("missing", place, f"has no {missing[0]!r}; found {shown(', '.join(row)) if row else 'nothing'}.")
            continue
        content, labels = used.values()
        yield Example(place, row[content], row[labels]).named((names or {}).get(labels, ()))


def _name_of(wanted: object, row: Row) -> str:
    """Return what a column is called that is given by name, whatever its case, or by number from 1."""
    if isinstance(wanted, int) and str(wanted) not in row and 1 <= wanted <= len(row):
        return list(row)[wanted - 1]
    alike = [name for name in row if name.lower() == str(wanted).strip().lower()]
    return alike[0] if len(alike) == 1 and wanted not in row else str(wanted)


def _used(file: str, place: str, row: Row, keys: Keys, columns: Mapping[str, Any]) -> dict[str, str]:
    """Return what the values that are looked for are called in this file."""
    given = {"tokens": columns.get("word"), "tags": columns.get("tag")} | {
        name: columns.get(name) for name in ("text", "label")
    }
    used = {}
    for key, names in keys.items():
        wanted = given[key]
        found = [_name_of(wanted, row)] if wanted is not None else [name for name in names if name in row]
        if key in found and len(found) > 1 and wanted is None:
            logger.warning("%s: %r is taken, not %s.", file, key, ", ".join(repr(n) for n in found if n != key))
            found = [key]
        if len(found) != 1 or found[0] not in row:
            keys_shown = ", ".join(map(shown, list(row)[:MOST_KEYS]))
            state = (
                f"has {' and '.join(map(repr, found))}; keep one of them"
                if len(found) > 1
                else (
                    f"has no {found[0] if found else key!r}, only {keys_shown or 'nothing'}; "
                    f"call it {key!r}, or name it under columns"
                )
            )
            raise DataError(f"{place}: {state}.")
        used[key] = found[0]
    if list(used.values()) != list(keys):
        taken = [f"{key!r} is taken from {name!r}" for key, name in used.items() if key != name]
        logger.warning("%s: %s.", file, ", ".join(taken))
    return used
