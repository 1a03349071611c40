"""Several questions asked at once."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p values, in the order given: compared with .05, a family has a false one in 5 % at most.

    The i-th smallest of m is multiplied by m - i + 1 and is never less than a smaller one's (Holm, A simple
    sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979). NaN, a question that
    was not answered, stays NaN and does not count.
    """
    known = sorted((i for i, p in enumerate(p_values) if not math.isnan(p)), key=lambda i: p_values[i])
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, i in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
