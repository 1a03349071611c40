"""The energy that a training takes, where the package codecarbon is installed; it estimates what it cannot read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from metaxl.files import write_json

LIBRARY = "codecarbon"
log = logging.getLogger("metaxl")


@contextmanager
def measured_energy(path: Path) -> Iterator[None]:
    """Write the kilowatt hours that the block takes to a JSON file when it ends; nothing where nobody measures.

    Of a training that was interrupted it is the last part's. It is this process's where codecarbon estimates, and
    that of the whole processor or of all GPUs where it reads a meter. No fault of the measurement ends the training.
    """
    path.unlink(missing_ok=True)  # of a training before this one
    tracker = _started() if find_spec(LIBRARY) else None
    try:
        yield
    finally:
        taken = _stopped(tracker) if tracker else None
    if taken is not None:
        write_json(path, taken)


def _started() -> Any:
    """Return a running tracker of this process, or None where it cannot run."""
    logging.getLogger(LIBRARY).setLevel(logging.ERROR)
    try:
        from codecarbon import OfflineEmissionsTracker

        # Energy alone is read off, which no country changes; an offline tracker asks for one.
        tracker = OfflineEmissionsTracker(
            country_iso_code="USA",
            tracking_mode="process",
            allow_multiple_runs=True,
            save_to_file=False,
            log_level="error",
        )
        tracker.start()
    except Exception as error:  # whatever ails it, the training goes on
        log.warning("%s cannot measure the energy here: %s", LIBRARY, error)
        return None
    return tracker


def _stopped(tracker: Any) -> dict[str, Any] | None:
    """Return what a tracker has measured, or None where it fails."""
    try:
        tracker.stop()
        data = tracker.final_emissions_data
        return {"kilowatt_hours": float(data.energy_consumed), "by": f"{LIBRARY} {data.codecarbon_version}"}
    except Exception as error:  # likewise
        log.warning("%s has not measured the energy: %s", LIBRARY, error)
        return None
