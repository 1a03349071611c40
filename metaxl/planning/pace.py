"""How long trainings take, from those that are done: the mean of a kind, and durations as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds


@dataclass(slots=True)
class Pace:
    """The seconds of trainings, by kind: one of MetaXL takes several times as long as one of the target alone."""

    total: float = 0.0
    count: int = 0
    _of: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, kind: str, seconds: float) -> None:
        """Take a training in; one that took no time says nothing."""
        if seconds <= 0:
            return
        before, count = self._of.get(kind, (0.0, 0))
        self._of[kind] = before + seconds, count + 1
        self.total, self.count = self.total + seconds, self.count + 1

    def expected(self, kind: str) -> float:
        """Return the mean seconds of a kind's trainings, or of all where none of that kind is done; 0 for none."""
        seconds, count = self._of.get(kind, (self.total, self.count))
        return seconds / count if count else 0.0


def whole_seconds(record: dict[str, Any]) -> float:
    """Return what a cell's training took in all; of one that was interrupted, about.

    Its record has the time since it was last resumed. The steps before that count as if they had taken as long each.
    Where most steps were before, what a training does once, such as to score the test data, would count many times:
    nobody knows how long it took, and 0 is returned.
    """
    seconds, resumed = float(record["resources"]["seconds"]), record["resources"].get("resumed_at_step")
    if not resumed:
        return seconds
    since = record["steps"] - resumed
    return seconds * record["steps"] / since if since >= resumed else 0.0


def duration(seconds: float) -> str:
    """Write a duration in the largest unit of which there are two or more, such as "90 s", "6 min" or "30 h"."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.{1 if seconds < 10 * unit and unit > MINUTE else 0}f} {name}"
    return f"{seconds:.0f} s"
