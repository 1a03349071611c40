"""While a run goes on, each trained cell has a line, and the time left is that of the cells that this run trains."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import asdict
from enum import Enum
from types import SimpleNamespace

import pytest

from metaxl.experiment.failure import Failure
from metaxl.files import write_json
from metaxl.planning.clock import ahead_of_clock
from metaxl.planning.progress import Progress, Ticker, cells_of_run


class Event(Enum):
    """As Snakemake's, of which planning knows the names alone."""

    JOB_STARTED = "job_started"
    JOB_FINISHED = "job_finished"
    PROGRESS = "progress"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wildcards(target, method="joint"):
    return SimpleNamespace(
        name="mini", encoder="tiny", task="ner", target=target, source="en", method=method, seed="11"
    )


def trained(place, target, method="joint", **changes):
    record = {"best": {"dev": {"f1": 0.432}}, "resources": {"seconds": 4.2}, **changes}
    write_json(place / f"results/mini/cells/tiny/ner/{target}/en/{method}/seed11/scores.json", record)


def test_a_line_says_which_cell_how_well_how_long_and_what_is_left(place):
    jobs = [(number, "train", wildcards(target)) for number, target in enumerate(("qu", "gn", "mi"))]
    progress = Progress(cells_of_run([*jobs, (9, "gather", SimpleNamespace(name="mini", group="table2"))]))
    progress.started([9], now=0.0)  # what is no training does not count
    progress.started([0, 1], now=100.0)
    trained(place, "qu")
    assert progress.finished(9, now=101.0) == ""
    assert progress.finished(0, now=110.0) == "1/3 ner qu en joint seed11 dev 43.2 in 4 s, about 20 s left"
    trained(place, "gn")
    assert progress.finished(1, now=110.0) == "2/3 ner gn en joint seed11 dev 43.2 in 4 s, about 5 s left"
    trained(place, "mi", best={"dev": {"f1": None}})
    assert progress.finished(2, now=115.0) == "3/3 ner mi en joint seed11 dev not defined in 4 s"
    assert progress.finished(2, now=116.0) == ""  # once


def test_a_cell_that_failed_says_so_and_one_without_a_record_ends_no_run(place):
    progress = Progress(cells_of_run([(number, "train", wildcards(t)) for number, t in enumerate(("qu", "gn"))]))
    trained(place, "qu", failed=asdict(Failure("the loss is not finite", 1, 1, "n1", "today", "0")))
    assert progress.finished(0, 1.0) == "1/2 ner qu en joint seed11 FAILED: the loss is not finite"
    assert progress.finished(1, 2.0) == "2/2 ner gn en joint seed11 done"


def test_a_slow_method_counts_for_what_it_takes(place):
    """Of a method that is 10 times as slow, one cell that is left is 10 times the work."""
    cells = [wildcards("qu"), wildcards("qu", "metaxl-L2"), wildcards("gn", "metaxl-L2")]
    progress = Progress(cells_of_run([(number, "train", cell) for number, cell in enumerate(cells)]))
    progress.started([0], 0.0)
    trained(place, "qu", resources={"seconds": 10.0})
    assert progress.finished(0, 10.0).endswith("about 20 s left")
    trained(place, "qu", "metaxl-L2", resources={"seconds": 100.0})
    assert progress.finished(1, 110.0).endswith("about 100 s left")


def test_a_training_that_went_on_from_a_state_is_a_whole_one_for_those_that_are_left(place):
    """It took 10 s of this run, and about 20 s in all, which the next of its kind is expected to take."""
    progress = Progress(cells_of_run([(number, "train", wildcards(t)) for number, t in enumerate(("qu", "gn"))]))
    progress.started([0], 0.0)
    trained(place, "qu", steps=100, resources={"seconds": 10.0, "resumed_at_step": 50})
    said = progress.finished(0, 10.0)
    assert said == "1/2 ner qu en joint seed11 dev 43.2 in 10 s (resumed; about 20 s in all), about 20 s left"


def test_of_a_training_that_was_near_its_end_nobody_knows_how_long_it_took(place):
    """Most of its 2 s went into what is done once."""
    jobs = [(number, "train", wildcards(target)) for number, target in enumerate(("qu", "gn", "mi"))]
    progress = Progress(cells_of_run(jobs))
    progress.started([0, 1], 0.0)
    trained(place, "qu", steps=100, resources={"seconds": 2.0, "resumed_at_step": 51})
    assert progress.finished(0, 4.0) == "1/3 ner qu en joint seed11 dev 43.2 in 2 s (resumed)"
    trained(place, "gn", resources={"seconds": 38.0})
    said = progress.finished(1, 40.0)  # 40 s of training in 40 s: 38 s are left
    assert said == "2/3 ner gn en joint seed11 dev 43.2 in 38 s, about 38 s left"


def test_events_are_heard_and_other_messages_are_not(place):
    trained(place, "qu")
    said = []
    ticker = Ticker(Progress(cells_of_run([(5, "train", wildcards("qu"))])), said.append)
    logger = logging.Logger("of this test")
    logger.addHandler(ticker)
    logger.info("Execute", extra={"event": Event.JOB_STARTED, "jobs": [5]})
    logger.info("1 of 2 steps", extra={"event": Event.PROGRESS, "job_id": 5})
    logger.warning("no event")
    logger.info("Finished", extra={"event": Event.JOB_FINISHED, "job_id": 5})
    assert said == ["1/1 ner qu en joint seed11 dev 43.2 in 4 s"]


def test_the_names_of_the_events_are_snakemakes():
    interface = pytest.importorskip("snakemake_interface_logger_plugins.common")
    assert {Event.JOB_STARTED.value, Event.JOB_FINISHED.value} <= {event.value for event in interface.LogEvent}


def test_files_that_are_newer_than_the_clock_are_told_before_the_first_job(place):
    now = time.time()
    for name, ahead in (("far", 200000), ("near", 7200), ("skew", 30), ("old", -1e6)):
        (place / name).touch()
        os.utime(place / name, (now + ahead, now + ahead))
    assert ahead_of_clock(["old", "skew", "not there"]) == ""
    told = ahead_of_clock(["old", "near", "far", "far", "skew"])
    assert "2 files that are read are up to 2.3 days newer" in told
    assert "far, near." in told
    assert "touch" in told
    assert ahead_of_clock(["far"], now=now + 200000) == ""
