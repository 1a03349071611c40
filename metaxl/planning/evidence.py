"""The facts that tables, evidence and the data report read beside scores and data: what was counted, what it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from metaxl.experiment import layout
from metaxl.experiment.grid import find_table, table_cells, trained_cells
from metaxl.experiment.schema import read_yaml
from metaxl.files import canonical_json, sha256_text
from metaxl.planning.plan import Plan
from metaxl.reporting.data.files import report_spec
from metaxl.reporting.facts import facts_files


def table_facts(plan: Plan, number: int) -> list[Path]:
    """Return what was counted of the data behind a table, and the checksums of its encoders.

    Raises:
        ConfigError: the configuration's tasks do not give the table.
    """
    shown = table_cells(plan.config, find_table(plan.config, number))
    root = layout.root(plan.config.name)
    return [root / path for path in facts_files(plan.config, trained_cells(plan.config, shown))]


def report_inputs(plan: Plan) -> dict[str, list[Path]]:
    """Return what the data report reads but for tokenizers: data, plain and encoded, and encoders' checksums."""
    spec, root = report_spec(plan.config), layout.root(plan.config.name)
    return {
        "data": [root / file.path for file in spec.files],
        "encoded": [root / file.encoded(encoder) for file in spec.files for encoder in file.encoders],
        "checksums": [plan.path(layout.CHECKSUMS, encoder=encoder) for encoder in spec.encoders],
    }


def report_tokenizers(plan: Plan) -> list[Path]:
    """Return the tokenizers that the data report reads."""
    names = report_spec(plan.config).encoders
    return [plan.path(layout.ENCODER, encoder=name, file="tokenizer.json") for name in names]


def report_facts(plan: Plan) -> list[Path]:
    """Return the facts of the data, whose notes the data report tells."""
    root, spec = layout.root(plan.config.name), report_spec(plan.config)
    return list(dict.fromkeys(root / path for file in spec.files for path in file.all_facts()))


def evidence_encoders(plan: Plan, number: int) -> list[Path]:
    """Return the checksums of the encoders whose cells a table compares.

    Raises:
        ConfigError: the configuration's tasks do not give the table.
    """
    encoders = dict.fromkeys(entry.encoder for entry in find_table(plan.config, number).entries())
    return [plan.path(layout.CHECKSUMS, encoder=encoder) for encoder in encoders]


@cache
def content_digest(path: Path) -> str:
    """Return a digest of what a YAML file says; where it lies, its comments and its layout do not count."""
    return sha256_text(canonical_json(read_yaml(path)))[:16]


def text_digest(*paths: Path) -> str:
    """Return a digest of what text files hold."""
    return sha256_text("".join(path.read_text(encoding="utf-8") for path in paths))[:16]
