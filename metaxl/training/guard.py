"""How a training outlives what interrupts it: states at intervals and on signals, resumed by the same command."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from metaxl.errors import MetaXLError
from metaxl.training.checkpoint import Checkpoints
from metaxl.training.owner import Owner
from metaxl.training.state import restore, state_of

if TYPE_CHECKING:
    from metaxl.training.loop import Run

LOOK_EVERY = 2.0  # seconds between two looks at who owns the cell
INTERVAL = 600.0  # seconds between two states
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WARNING = signal.SIGUSR1  # as a cluster sends it some time before the limit: save, and go on
log = logging.getLogger("metaxl")


class InterruptedTrainingError(MetaXLError):
    """A signal ended a training; its state is kept."""

    def __init__(self, number: int, message: str) -> None:
        """Remember the signal, which the exit code tells."""
        super().__init__(message)
        self.exit_code = 128 + number


class Guard:
    """The keeper of one training's state."""

    def __init__(self, folder: Path, made_of: dict[str, Any], interval: float = INTERVAL) -> None:
        """Take the cell over whose workspace is `folder`; keep a state each `interval` seconds."""
        self.owner = Owner(folder)
        self.resumed_at: int | None = None
        self._states = Checkpoints(folder / "states", made_of)
        self._interval, self._caught = interval, 0
        self._saved = self._looked = time.monotonic()

    def resume(self, run: Run) -> None:
        """Bring a run that has not begun to the newest state, if there is one."""
        state = self._states.newest()
        if state:
            restore(run, state)
            self.resumed_at = run.steps
            log.info("Resumed at step %d.", run.steps)

    def between_steps(self, run: Run) -> None:
        """Save where it is time or a signal asks for it; end where a signal asks for that.

        Raises:
            InterruptedTrainingError: a signal has ended the training; its state is saved.
            ReplacedError: another process has taken the cell over.
        """
        now, caught = time.monotonic(), self._caught
        if now - self._looked >= LOOK_EVERY or caught:
            self.owner.check()
            self._looked = now
        if caught or now - self._saved >= self._interval:
            with self.owner.publishing():
                self._states.save(state_of(run))
            self._saved = time.monotonic()
        if caught:
            self._caught = 0
            name = signal.Signals(caught).name
            if caught != WARNING:
                raise InterruptedTrainingError(
                    caught, f"Ended by {name} at step {run.steps}; the same command goes on from there."
                )
            log.info("%s: the state at step %d is saved.", name, run.steps)

    def finish(self) -> None:
        """Remove the states and leave the cell; its results are in place."""
        self._states.remove()
        self.owner.release()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Catch the signals that end or warn, for `between_steps` to act on."""
        before = {number: signal.signal(number, self._catch) for number in (*ENDING, WARNING)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        if not self._caught or number != WARNING:
            self._caught = number
