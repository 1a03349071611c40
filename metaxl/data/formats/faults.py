"""All faults of a file at once, counted by kind, so that nobody mends one a run."""

from __future__ import annotations

from metaxl.errors import DataError

NAMED = 5  # places that are named of a kind besides the first


class Faults:
    """The faults found in a file so far."""

    def __init__(self) -> None:
        """Start without any."""
        self._places: dict[str, list[str]] = {}
        self._first: dict[str, str] = {}

    def add(self, kind: str, place: str, message: str) -> None:
        """Note a fault.

        Args:
            kind: what faults are counted together.
            place: "file:line", or the file with the row or entry.
            message: what is wrong there, what was expected and what to do; shown of the first fault of a kind.
        """
        self._first.setdefault(kind, f"{place}: {message}")
        self._places.setdefault(kind, []).append(place)

    def refuse(self) -> None:
        """Raise a DataError that tells every kind, if there is a fault."""
        if self._first:
            raise DataError("\n".join(f"{first}{self._others(kind)}" for kind, first in self._first.items()))

    def _others(self, kind: str) -> str:
        rest = self._places[kind][1:]
        if not rest:
            return ""
        file = self._places[kind][0].rpartition(":")[0]
        named = ", ".join(place.removeprefix(f"{file}:") for place in rest[:NAMED])
        return f" ({len(rest):,} more like it: {named}{', ...' if len(rest) > NAMED else ''})"
