"""What Snakemake says of a locked folder, of interrupted jobs and of refusals, said for the person at the screen.

Of a lock it advises to remove it unseen. Of a job that Ctrl-C ended it shows the whole command twice, and calls it an
error, though nothing is lost. After the reason of a refusal it names the lines of code that refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from metaxl.errors import MetaXLError
from metaxl.training.given_up import INTERRUPTED, SIGNALS

ERROR, JOB_ERROR = "error", "job_error"  # Snakemake's names of the events
REFUSED, OF_JOB, AT_END = "LockException", "RuleException", "WorkflowError"  # and of its exceptions
OF_INPUT = "InputFunctionException"
# As Python says it of a process that ended with an exit status, or by a signal.
STATUS, SIGNAL = re.compile(r"returned non-zero exit status (\d+)\."), re.compile(r"died with <Signals\.\w+: (\d+)>")
PLACES = re.compile(r"(?:\n  File \"[^\"\n]*\", line \d+, in \S+)+\s*\Z")
DETAILS = re.compile(r"\nWildcards:\n.*\Z", re.DOTALL)
GOES_ON = "Interrupted. What was finished stays, and trainings have saved their states: the same command goes on."


class Screen(logging.Filter):
    """Passes Snakemake's messages on, but for these, which it replaces, shortens or drops."""

    def __init__(self, why_locked: Callable[[], str]) -> None:
        """Say `why_locked()` in place of Snakemake's own advice."""
        super().__init__()
        self._why_locked = why_locked
        self._last: dict[int | None, bool] = {}  # of each thread, whether the job it tells of was interrupted
        self._interrupted, self._faults, self._is_over = 0, 0, False

    def end_of_failed_run(self) -> None:
        """Note that no job runs any more, and that not all have succeeded: what follows is Snakemake's last word."""
        self._is_over = True

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the text of a message where need be; return False to drop it."""
        event = getattr(record, "event", None)
        name, exception = str(getattr(event, "value", event)), getattr(record, "exception", None)
        if name == JOB_ERROR or (name == ERROR and exception == OF_JOB):
            return self._is_of_fault(record, name)
        if name == ERROR and exception == REFUSED:
            _replace(record, self._why_locked())
        elif name == ERROR and exception == OF_INPUT and any(kind in record.getMessage() for kind in _our_errors()):
            _replace(record, DETAILS.sub("", record.getMessage()))
        elif name == ERROR and exception == AT_END:
            only_interrupted = self._is_over and self._interrupted and not self._faults
            _replace(record, GOES_ON if only_interrupted else PLACES.sub("", record.getMessage()))
        return True

    def _is_of_fault(self, record: logging.LogRecord, name: str) -> bool:
        """Tell whether a job ended by a fault, not by a signal that asked it to end.

        One thread tells of a job's exception, which has the exit status, and then of the job.
        """
        if name == JOB_ERROR:
            interrupted = self._last.pop(record.thread, False)
            self._interrupted += interrupted
            self._faults += not interrupted
            return not interrupted
        self._last[record.thread] = _status(record.getMessage()) in INTERRUPTED
        return not self._last[record.thread]


def _status(text: str) -> int | None:
    """Return the exit status that a job's exception tells of; None if it tells of none."""
    if by_signal := SIGNAL.search(text):
        return SIGNALS + int(by_signal[1])
    status = STATUS.search(text)
    return int(status[1]) if status else None


def _our_errors() -> list[str]:
    """Return how Snakemake begins what it says of an error of the user's, whose message is all there is to know."""
    return [f"Error:\n  {kind.__name__}: " for kind in MetaXLError.__subclasses__()]


def _replace(record: logging.LogRecord, text: str) -> None:
    record.msg, record.args = text, None
