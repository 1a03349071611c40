"""YAML files held to a schema: defaults filled in, violations told in words that a user can act on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from metaxl.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from jsonschema import ValidationError

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
SCHEMA_PATH = WORKFLOW / "schemas" / "config.schema.yaml"
# YAML 1.1 wants a dot in a float: PyYAML reads 3e-5 as the text "3e-5".
UNDOTTED_FLOAT = re.compile(r"([+-]?\d+)(\.\d*)?[eE]([+-]?\d+)")

WORDS = {"number": "a number", "integer": "a whole number"}


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ConfigError: the file is missing, is not YAML, or says the same key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file.") from error
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses a repeated key: YAML forbids it, and the last value would win.

    Its parser in C would be faster, but many brackets end the process there, and emoji as JSON writes them are refused.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Look at the keys as they are written, before those of a merge (`<<`) join them."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if lines.setdefault(name, line) != line:
                raise yaml.YAMLError(f"{name!r} stands in lines {lines[name]} and {line}; keep one")
        super().flatten_mapping(node)


def conform(raw: Any, schema_path: Path = SCHEMA_PATH, subject: str = "The configuration") -> dict[str, Any]:
    """Return `raw` with the schema's defaults filled in.

    Args:
        raw: what a YAML file holds; it is not changed.
        schema_path: the file of the schema.
        subject: what the message calls `raw`.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type or range; every
            violation is named with its place.
    """
    from jsonschema import Draft202012Validator  # 0.3 seconds that a training process need not spend

    schema = _schema(schema_path)
    raw = _with_text_keys(raw, schema, schema["$defs"])
    errors = sorted(Draft202012Validator(schema).iter_errors(raw), key=lambda e: list(map(str, e.absolute_path)))
    found = [_explain(error) for error in errors] + [f"{place}: expected a finite number." for place in _infinite(raw)]
    found += [f"{place}: the key {key!r} is no text; put it into quotes." for place, key in _keys_of_no_text(raw)]
    if found:
        raise ConfigError(f"{subject} does not fit:\n" + "\n".join(f"- {line}" for line in found))
    return dict(_with_defaults(raw, schema, schema["$defs"]))


@cache
def defaults(section: str) -> dict[str, Any]:
    """Return the defaults of a top-level section that has one for each of its keys."""
    schema = _schema(SCHEMA_PATH)
    return dict(_with_defaults({}, schema["properties"][section], schema["$defs"]))


@cache
def _schema(path: Path) -> dict[str, Any]:
    return dict(read_yaml(path))


def _with_defaults(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Fill in `default`s of a valid `value`, following $ref, properties, items and the fitting oneOf."""
    schema = _resolve(schema, definitions)
    if schema.get("x-changes"):  # settings that differ from others: what is not said is as there
        return _with_integers(value, schema)
    if isinstance(value, dict):
        branch: dict[str, Any] = next(
            (b for b in schema.get("oneOf", []) if set(value) <= set(b.get("properties", {}))), {}
        )
        parts = {**schema.get("properties", {}), **branch.get("properties", {})}
        properties = {key: _resolve(part, definitions) for key, part in parts.items()}
        filled = {key: part["default"] for key, part in properties.items() if "default" in part} | value
        others = schema.get("additionalProperties") or {}
        return {key: _with_defaults(item, properties.get(key, others), definitions) for key, item in filled.items()}
    if isinstance(value, list):
        return [_with_defaults(item, schema.get("items", {}), definitions) for item in value]
    return _as_integer(value, schema)


def _with_integers(changes: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {key: _as_integer(value, schema["properties"][key]) for key, value in changes.items()}


def _as_integer(value: Any, schema: dict[str, Any]) -> Any:
    """Return the integer that a value is: JSON Schema takes 1.0 for one; a path or a number of epochs needs it."""
    return int(value) if isinstance(value, float) and "integer" in schema.get("type", "") else value


def _with_text_keys(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Return `value` with text for integers as keys where the names are the user's: YAML reads those of `{1: x}` so."""
    if not isinstance(value, dict):
        return value
    forms = [_resolve(schema, definitions), *(_resolve(b, definitions) for b in schema.get("oneOf", []))]
    named = {key: part for form in forms for key, part in form.get("properties", {}).items()}
    others: dict[str, Any] = next(
        (form["additionalProperties"] for form in forms if form.get("additionalProperties")), {}
    )
    keys = {key: str(key) if others and type(key) is int else key for key in value}
    return {keys[key]: _with_text_keys(item, named.get(key, others), definitions) for key, item in value.items()}


def _keys_of_no_text(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys that are no text, such as a bare no or 1.5, with their place: no schema looks at their type."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield place or "the top level", key
            yield from _keys_of_no_text(item, f"{place}.{key}".lstrip("."))


def _infinite(value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of numbers like .nan and .inf, which no range of a schema excludes."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _infinite(item, f"{place}.{key}".lstrip("."))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with what its $ref names laid beneath it."""
    return {**definitions[schema["$ref"].rpartition("/")[2]], **schema} if "$ref" in schema else schema


def _explain(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path)) or "the top level"
    value: Any = error.instance
    expected: Any = error.validator_value
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = [key for key in value if key not in known]
        hints = "".join(did_you_mean(str(key), known) for key in unknown)
        return f"{place}: unknown key {', '.join(map(repr, unknown))}.{hints} Known keys: {', '.join(known)}."
    if error.validator == "required":
        return f"{place}: {error.message.replace(' is a required property', '')} is missing; add it."
    if error.validator == "enum":
        allowed = [str(choice) for choice in expected]
        hint = did_you_mean(str(value), allowed)
        if isinstance(value, bool):
            hint = f" YAML reads a bare {_bare(value)} as {value}."
        return f"{place}: {value!r} is not one of {', '.join(allowed)}.{hint}"
    if error.validator in ("type", "oneOf") and (advice := _advice_on_type(place, value, error)):
        return advice
    if error.validator == "oneOf" and error.context:
        # The branch that got furthest into the value is the one that was meant.
        return _explain(max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type")))
    if error.validator == "maxLength":
        return f"{place}: {len(value)} characters, {value[:20]!r}...; shorten it to {expected} at most."
    fault = f"{value!r} does not match" if error.validator == "pattern" else error.message
    return f"{place}: {fault}. {schema.get('description', '')}".rstrip()


def _bare(value: bool) -> str:
    """Return the word that YAML reads as true or false."""
    return "yes" if value else "no"


def _advice_on_type(place: str, value: Any, error: ValidationError) -> str:
    """Return what to write where YAML, or Snakemake's --config, reads another type than was meant; "" if unknown."""
    expected: Any = error.validator_value if error.validator == "type" else ""
    if isinstance(value, str) and (parts := UNDOTTED_FLOAT.fullmatch(value)):
        dotted = f"{parts[1]}{parts[2] or '.0'}e{int(parts[3]):+d}"
        return f"{place}: YAML reads {value} as text, not as a number; write {dotted}."
    if isinstance(value, str) and expected in ("integer", "number"):
        # Snakemake's --config leaves the numbers inside a list or mapping as text.
        return f"{place}: {value!r} is text; put lists and nested values into a --configfile, numbers without quotes."
    if expected == "array" and not isinstance(value, dict):
        return f"{place}: expected a list, found {value!r}; in a --configfile write {place.split('.')[-1]}: [{value}]."
    if expected and isinstance(value, bool):
        hint = "; YAML reads a bare no or yes so: quote it" if "string" in expected else f" (YAML's {_bare(value)})"
        return f"{place}: expected {WORDS.get(str(expected), expected)}, found {value}{hint}."
    if expected == "string" and isinstance(value, int | float):
        return f"{place}: expected text, found {value}; put it into quotes."
    return ""
