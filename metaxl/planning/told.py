"""How messages show what a person reads or copies: lists that stay short, values as YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

NAMED = 10  # labels that a message names before it counts the rest


def named(labels: Sequence[str], most: int = NAMED) -> str:
    """Return the first labels, and how many more there are."""
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more


def flow(value: Any) -> str:
    """Return a value as YAML on one line, quoted where YAML would read something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
