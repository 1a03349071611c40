"""Which questions of a table are adjusted for one another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metaxl.experiment.contrasts import CONFIRMATORY
from metaxl.reporting.statistics.family import holm


def families(roles: Sequence[str], p_values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return the adjusted p of each question and how many were tested with it.

    A confirmatory question is adjusted over those of its role; an exploratory one over all of the table, so that it is
    never held to less than a confirmatory one.
    """
    confirmatory = [p if role == CONFIRMATORY else math.nan for role, p in zip(roles, p_values, strict=True)]
    strict, among_all = holm(confirmatory), holm(p_values)
    adjusted = [a if role == CONFIRMATORY else b for role, a, b in zip(roles, strict, among_all, strict=True)]
    counts = [sum(not math.isnan(p) for p in family) for family in (confirmatory, p_values)]
    return adjusted, [counts[0] if role == CONFIRMATORY else counts[1] for role in roles]
