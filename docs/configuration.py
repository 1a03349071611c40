"""Write docs/configuration.md from the configuration's schema: every key, its values, its default, its meaning.

python -m docs.configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaxl.experiment.schema import SCHEMA_PATH, read_yaml

PAGE = Path(__file__).with_suffix(".md")
Part = dict[str, Any]  # of a JSON schema
# The parts that several keys share and that have a chapter of their own, by its heading.
CHAPTERS = {
    "task": "`ner` and `sentiment`",
    "training": "`training`",
    "method": "`method`",
    "folders": "A task under `files`",
}
OPENED = ("encoders", "files", "synthetic", "variants", "figure")  # keys with a chapter of their own
HEAD = "| key | values | default | meaning |\n|---|---|---|---|"
KINDS = "Kinds of values"
WORDS = {"object": "mapping", "string": "text", "boolean": "`true`, `false`", "null": "`null`"}
PLURALS = {"mapping": "mappings", "text": "texts"}
UNBOUNDED = 1e30  # the largest number that is allowed anywhere; it says nothing to a reader
TITLE = """# The configuration, key by key

<!-- Written by `make docs` from workflow/schemas/config.schema.yaml. Edit the descriptions there instead. -->

A configuration has three layers: a preset of [workflow/presets](../workflow/presets), over it
[config.yaml](../config.yaml), over both the file that `--configfile` names. Mappings merge, lists replace, and what
none of them says has the default below. `results/<name>/config.json` holds what an experiment ran with, in full.

    snakemake -n --configfile mine.yaml -- tables      # mine.yaml over config.yaml over its preset
    snakemake -n --config preset=paper -- tables       # single keys of the top

A wrong key or value stops every command before its first job, and the message names the nearest right one.
`metaxl check --configfile mine.yaml` looks at the data too. [own-data.md](own-data.md) shows whole configurations,
[method.md](method.md) says why each switch of `method` is there and what it changes in the formulas.

## Rows of your own

`controls` names further methods of [methods.py](../metaxl/methods.py); `variants` names settings that differ from the
task's. Both are rows of Tables 2 and 3, and cells of their own. A cell in which nothing differs that its method reads
is trained once.

```yaml
preset: paper
controls: [joint-half, metaxl-frozen, metaxl-decay, zero-shot]
variants:
  no-l2: {label: no L2 on phi, method: {meta_weight_decay: 0}}
  fast-phi: {training: {meta_learning_rate: 1.0e-3}, tasks: [ner]}
```

In the paths below a `*` stands for a name of your choice and `[]` for each entry of a list."""


def page() -> str:
    """Return the whole page in Markdown."""
    schema = read_yaml(SCHEMA_PATH)
    definitions: dict[str, Part] = schema["$defs"]
    top = {key: part for key, part in schema["properties"].items() if not _opened(key, part)}
    chapters = [(_heading("The top"), list(_rows("", top, definitions)))]
    for name, heading in CHAPTERS.items():
        chapters.append((_heading(heading), list(_below("", definitions[name], definitions))))
    for key in OPENED:
        one = {key: schema["properties"][key]}
        chapters.append((_heading(f"`{key}`"), list(_rows("", one, definitions))))
    tables = ["\n".join([heading, "", HEAD, *rows]) for heading, rows in chapters]
    return "\n\n".join([TITLE, *tables, _kinds(definitions)]) + "\n"


def _heading(title: str) -> str:
    return f"## {title}"


def _anchor(title: str) -> str:
    """Return what GitHub makes of a heading in an address."""
    return "#" + title.lower().replace("`", "").replace(" ", "-")


def _opened(key: str, part: Part) -> bool:
    return key in OPENED or _reference(part) in CHAPTERS


def _reference(part: Part) -> str:
    """Return the name of the definition that a part refers to; "" where it stands for itself."""
    return str(part.get("$ref", "")).rpartition("/")[2]


def _resolved(part: Part, definitions: dict[str, Part]) -> Part:
    """Return a part with what its definition says, over which its own words go."""
    return {**definitions[_reference(part)], **part} if _reference(part) else part


def _rows(prefix: str, properties: dict[str, Part], definitions: dict[str, Part]) -> Iterator[str]:
    """Yield a row for each key, and for those below it that no other chapter has."""
    for key, part in properties.items():
        whole = _resolved(part, definitions)
        default = f"`{_written(whole['default'])}`" if "default" in whole else ""
        description = " ".join(str(whole["description"]).split())
        cells = (f"`{prefix}{key}`", _values(part, definitions), default, description)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        if _reference(part) not in CHAPTERS:
            yield from _below(f"{prefix}{key}", whole, definitions)


def _below(path: str, part: Part, definitions: dict[str, Part]) -> Iterator[str]:
    """Yield the rows of the keys in a mapping, in each value of one, or in each entry of a list."""
    prefix = f"{path}." if path else ""
    yield from _rows(prefix, part.get("properties", {}), definitions)
    inner = [(path, one) for one in part.get("oneOf", ())]
    inner += (
        [(f"{prefix}*", part["additionalProperties"])] if isinstance(part.get("additionalProperties"), dict) else []
    )
    inner += [(f"{path}[]", part["items"])] if "items" in part else []
    for below, one in inner:
        yield from _below(below, _resolved(one, definitions), definitions)


def _values(part: Part, definitions: dict[str, Part]) -> str:
    """Say what a key may have."""
    reference = _reference(part)
    if reference in CHAPTERS:
        return f"[below]({_anchor(CHAPTERS[reference])})"
    if reference and _is_kind(definitions[reference]):
        return f"[{reference}]({_anchor(KINDS)})"
    part = _resolved(part, definitions)
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if "oneOf" in part:
        return " or ".join(dict.fromkeys(_values(one, definitions) for one in part["oneOf"]))
    if part["type"] == "array":
        each = _values(part["items"], definitions)
        return f"list of {PLURALS.get(each, each)}"
    return _kind(part)


def _kind(part: Part) -> str:
    """Say what a value that is no list must be."""
    types: list[str] = part["type"] if isinstance(part["type"], list) else [part["type"]]
    said = " or ".join(WORDS.get(kind, kind) for kind in types)
    return f"{said} {_bounds(part)}".strip() if {"integer", "number"} & set(types) else said


def _bounds(part: Part) -> str:
    """Say between which numbers a value lies."""
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {int(part[key]):,}" for key, word in words.items() if part.get(key, UNBOUNDED) < UNBOUNDED]
    return " ".join(said)


def _written(value: object) -> str:
    """Return a default as YAML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return '""' if value == "" else str(value)


def _is_kind(part: Part) -> bool:
    """Tell whether a definition is of single values that have a rule, told at the end of the page."""
    return part.get("type") in ("string", "integer", "array") and "description" in part


def _kinds(definitions: dict[str, Part]) -> str:
    rows = [
        f"| {name} | {' '.join(part['description'].split())} |" for name, part in definitions.items() if _is_kind(part)
    ]
    return "\n".join([_heading(KINDS), "", "| kind | what it is |", "|---|---|", *rows])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
