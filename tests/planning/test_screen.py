"""A person reads what to do last: of a lock, of an interruption and of a refusal; what is a fault is shown whole."""

from __future__ import annotations

import logging
import threading
from enum import Enum

import pytest

from metaxl.planning.screen import GOES_ON, Screen


class Event(Enum):
    """As Snakemake's, of which planning knows the names alone."""

    ERROR = "error"
    JOB_ERROR = "job_error"
    JOB_STARTED = "job_started"


class Shown(logging.Handler):
    """What reaches the screen."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def shown():
    return Shown()


@pytest.fixture
def logger(shown):
    logger = logging.Logger("of this test")
    logger.addHandler(shown)
    logger.screen = Screen(lambda: "another run works here")
    logger.addFilter(logger.screen)
    return logger


def fail(logger, said, exception="RuleException"):
    """Say what Snakemake says of a job: its exception, and then, in the same thread, that it ended."""
    logger.error(said, extra={"event": Event.ERROR, "exception": exception})
    logger.error("Error in rule train", extra={"event": Event.JOB_ERROR})


def end(logger, said="WorkflowError:\nAt least one job did not complete successfully."):
    logger.error(said, extra={"event": Event.ERROR, "exception": "WorkflowError"})


ENDS = {
    status: f"Command 'python -m metaxl train' returned non-zero exit status {status}." for status in (1, 130, 137, 143)
} | {-15: "Command 'python' died with <Signals.SIGTERM: 15>.", -9: "Command 'python' died with <Signals.SIGKILL: 9>."}


def test_a_lock_is_said_to_be_whose_it_is_and_its_removal_is_not_advised(logger, shown):
    logger.error(
        "LockException:\n... the --unlock argument.", extra={"event": Event.ERROR, "exception": "LockException"}
    )
    assert shown.lines == ["another run works here"]


@pytest.mark.parametrize("status", [130, 143, -15])
def test_an_interrupted_job_is_no_error_and_the_last_line_says_what_goes_on(logger, shown, status):
    fail(logger, ENDS[status])
    logger.screen.end_of_failed_run()
    end(logger)
    assert shown.lines == [GOES_ON]


@pytest.mark.parametrize("status", [1, 137, -9])
def test_a_job_that_failed_is_shown_whole_also_beside_interrupted_ones(logger, shown, status):
    fail(logger, ENDS[status])
    fail(logger, ENDS[130])
    logger.screen.end_of_failed_run()
    end(logger)
    assert shown.lines[:2] == [ENDS[status], "Error in rule train"]
    assert shown.lines[2].endswith("did not complete successfully.")


def test_a_failure_of_one_job_is_not_taken_for_that_of_another(logger, shown):
    """Jobs end in threads of their own, each of which says two things."""
    interrupted, other = threading.Event(), threading.Event()

    def first():
        logger.error(ENDS[130], extra={"event": Event.ERROR, "exception": "RuleException"})
        interrupted.set()
        other.wait(10)
        logger.error("first", extra={"event": Event.JOB_ERROR})

    thread = threading.Thread(target=first)
    thread.start()
    interrupted.wait(10)
    fail(logger, ENDS[1])
    other.set()
    thread.join()
    assert shown.lines == [ENDS[1], "Error in rule train"]


def test_a_run_that_fails_after_an_interruption_that_was_made_good_says_why(logger, shown):
    fail(logger, ENDS[143])
    end(logger, "WorkflowError:\nresults/x failed: The loss is not finite.")
    assert shown.lines == ["WorkflowError:\nresults/x failed: The loss is not finite."]


def test_a_refusal_ends_with_its_reason_not_with_the_place_in_our_code(logger, shown):
    place = '\n  File "/a b/rules/common.smk", line 9, in <module>\n  File "/a b/x.py", line 1, in onstart'
    end(logger, f"WorkflowError:\nner.epochs: 'x' is text.{place}")
    assert shown.lines == ["WorkflowError:\nner.epochs: 'x' is text."]


@pytest.mark.parametrize(("kind", "is_short"), [("ConfigError", True), ("DataError", True), ("KeyError", False)])
def test_of_a_path_that_does_not_fit_the_reason_is_last_and_a_fault_of_ours_keeps_its_traceback(
    logger, shown, kind, is_short
):
    reason = f"InputFunctionException in rule train:\nError:\n  {kind}: no such thing\nin two lines"
    said = f"{reason}\nWildcards:\n  seed=11\nTraceback:\n  File x, line 1"
    logger.error(said, extra={"event": Event.ERROR, "exception": "InputFunctionException"})
    assert shown.lines == [reason if is_short else said]


def test_all_else_is_passed_on(logger, shown):
    logger.info("Execute 1 jobs", extra={"event": Event.JOB_STARTED})
    logger.error("MissingInputException", extra={"event": Event.ERROR, "exception": "MissingInputException"})
    logger.warning("no event")
    assert shown.lines == ["Execute 1 jobs", "MissingInputException", "no event"]


def test_the_names_are_snakemakes():
    interface = pytest.importorskip("snakemake_interface_logger_plugins.common")
    assert {Event.ERROR.value, Event.JOB_ERROR.value} <= {event.value for event in interface.LogEvent}
    exceptions = pytest.importorskip("snakemake.exceptions")
    assert all(
        hasattr(exceptions, name)
        for name in ("InputFunctionException", "LockException", "RuleException", "WorkflowError")
    )
