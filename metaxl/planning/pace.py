"""How long trainings take, from those that are done: the mean of a kind, and durations as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

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


def duration(seconds: float) -> str:
    """Write a duration in the largest unit of which there are two or more, such as "90 s", "6 min" or "30 h"."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.{1 if seconds < 10 * unit and unit > MINUTE else 0}f} {name}"
    return f"{seconds:.0f} s"
