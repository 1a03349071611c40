"""How much work something is, in calls of Python functions: the same on every machine, and however busy it is."""

from __future__ import annotations

import cProfile
import gc
import pstats
from collections.abc import Callable


def calls(act: Callable[[], object]) -> int:
    """Return how many functions are called in doing something."""
    gc.collect()
    profile = cProfile.Profile()
    profile.runcall(act)
    return pstats.Stats(profile).total_calls


def is_linear(work: list[int], within: float = 0.02) -> bool:
    """Tell whether work for n, 2 n and 3 n things grows by as much from the second to the third as before, or less."""
    one, two, three = work
    return three - two <= (1 + within) * (two - one)
