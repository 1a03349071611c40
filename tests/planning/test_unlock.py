"""Whose lock may go: that of a run that has ended, with all that it started, and of no other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from metaxl.files import write_json
from metaxl.planning import living, unlock
from metaxl.planning.living import Process, identity, record_of, runs

CELL = "cells/tiny/ner/qu/es/metaxl-L2/seed11"
NOBODY = 2**22 + 1  # more than Linux gives a process


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder of its own, and leave no record there to be removed at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unlock.atexit, "register", lambda *_, **__: None)
    return tmp_path


@pytest.fixture
def sleeper():
    """A process that lives, and whose command line names the package, as a training's does."""
    command = [sys.executable, "-c", "import time; time.sleep(600)", "metaxl"]
    process = subprocess.Popen(command)
    yield process
    process.kill()
    process.wait()


def lock(number, *files):
    """Write a lock as Snakemake does; return its name."""
    path = unlock.LOCKS / f"{number}.output.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{file}\n" for file in files))
    return str(path)


def remember(pid, *locks, what="snakemake", host=None):
    """Write the record of a run."""
    run = Process(host or socket.gethostname(), pid, "2026-01-01 00:00:00", what, identity(pid), locks)
    unlock.RUNS.mkdir(parents=True, exist_ok=True)
    write_json(record_of(run), asdict(run))
    return run


def train(pid, what):
    """Write what a training keeps of itself as long as it lasts."""
    path = Path("results", "demo", "work", what, "owner.json")
    path.parent.mkdir(parents=True)
    write_json(path, {"host": socket.gethostname(), "pid": pid, "since": "2026-01-01 00:00:00"})


def locks():
    return sorted(str(path) for path in unlock.LOCKS.glob("*.lock"))


def known():
    return {run.pid for run in runs()} - {os.getpid()}


def test_of_two_runs_the_dead_ones_lock_is_removed_and_the_living_ones_stays(folder, sleeper):
    dead, living_lock = lock(0, "results/demo/a"), lock(1, "results/mine/a")
    remember(NOBODY, dead, what="snakemake demo")
    remember(sleeper.pid, living_lock, what="snakemake mine")
    told = unlock.begin_run().splitlines()
    assert told[0] == "note: this run was cut off; its lock is removed:"
    assert told[1].endswith(": snakemake demo")
    assert "note: another run works in this folder:" in told
    assert told[-2].endswith(": snakemake mine")
    assert locks() == [living_lock]
    assert known() == {sleeper.pid}


@pytest.mark.parametrize("what", [f"{CELL}", "models/ner/qu"])
def test_what_the_dead_one_of_two_started_is_to_be_ended_first(folder, sleeper, what):
    """Of whichever rule; its training is one whose files no living run has locked."""
    lock(0, "results/demo/a")
    living_lock = lock(1, "results/mine/a")
    remember(NOBODY, *locks()[:1])
    remember(os.getppid(), living_lock)
    train(sleeper.pid, what)
    before = locks()
    for told in (unlock.begin_run(), unlock.why_locked()):
        assert "another run works in this folder" in told
        assert f"A run was cut off, but not what it started:\n  process {sleeper.pid} on" in told
        assert told.endswith(f"kill {sleeper.pid}\nThen: the same command")
        assert locks() == before
    sleeper.kill()
    sleeper.wait()
    assert "its lock is removed" in unlock.begin_run()
    assert locks() == [living_lock]


@pytest.mark.parametrize(
    ("what", "locked"), [(CELL, f"{CELL}/scores.json"), ("models/ner/qu", "models/ner/qu"), (CELL, f"{CELL}/history")]
)
def test_a_training_of_the_living_run_keeps_no_lock_of_the_dead_one(folder, sleeper, what, locked):
    dead, living_lock = lock(0, "results/demo/a"), lock(1, "results/demo/b", f"results/demo/{locked}")
    remember(NOBODY, dead)
    remember(os.getppid(), living_lock)
    train(sleeper.pid, what)
    told = unlock.begin_run()
    assert "its lock is removed" in told
    assert "not what it started" not in told
    assert locks() == [living_lock]


def test_a_lock_whose_name_a_living_run_has_too_stays(folder, sleeper):
    """Two runs that lock at once may take one number."""
    one = lock(0, "results/demo/a")
    remember(NOBODY, one)
    remember(sleeper.pid, one)
    unlock.begin_run()
    assert locks() == [one]


def test_beside_a_run_that_has_locked_nothing_a_removed_lock_is_all_that_is_told(folder, sleeper):
    remember(NOBODY, lock(0, "a"), lock(1, "b"))
    remember(sleeper.pid)
    told = unlock.begin_run()
    assert "its lock is removed" in told
    assert "another run" not in told
    assert locks() == []


def test_a_run_of_another_machine_keeps_its_locks(folder):
    remember(NOBODY, lock(0, "a"), host="elsewhere")
    before = locks()
    told = unlock.begin_run()
    assert "perhaps by this:\n  process" in told
    assert told.endswith("If nothing runs any more: metaxl unlock")
    assert locks() == before


def test_a_lock_of_which_there_is_no_record_stays(folder):
    lock(0, "a")
    assert (
        unlock.begin_run()
        == "note: this folder is locked; nobody knows by whom.\nIf nothing runs any more: metaxl unlock"
    )
    assert len(locks()) == 1


def test_what_a_dead_run_left_alone_is_to_be_ended_first(folder, sleeper):
    remember(NOBODY, lock(0, "a"))
    train(sleeper.pid, CELL)
    assert unlock.begin_run().endswith(f"kill {sleeper.pid}\nThen: the same command")
    assert len(locks()) == 1


@pytest.mark.parametrize("other", ["lives", "cannot be seen"])
def test_a_lock_that_nobody_can_tell_stays_as_long_as_another_may_need_it(folder, sleeper, other):
    """As of a run that was killed before it could say which locks are its own."""
    lock(0, "results/demo/a")
    remember(NOBODY)
    if other == "lives":
        remember(sleeper.pid)
    else:
        remember(sleeper.pid, host="elsewhere")
    before = locks()
    assert "is removed" not in unlock.begin_run()
    assert locks() == before


def test_alone_a_dead_runs_locks_are_removed_even_those_that_nobody_can_tell(folder):
    lock(0, "results/demo/a")
    remember(NOBODY)
    assert unlock.begin_run().splitlines()[0] == "note: this run was cut off; its lock is removed:"
    assert locks() == []
    assert known() == set()


def test_without_a_lock_there_is_nothing_to_say(folder):
    remember(NOBODY)
    assert unlock.begin_run() == ""
    assert known() == set()


def test_a_run_keeps_in_its_record_what_it_has_locked(folder):
    living.record_locks([lock(0, "a")])  # without a record, as after its end: nothing is written
    assert runs() == []
    unlock.begin_run()
    living.record_locks([lock(1, "b")])
    (run,) = runs()
    assert run.locks == (".snakemake/locks/1.output.lock",)
    assert (run.pid, run.lives) == (os.getpid(), True)
