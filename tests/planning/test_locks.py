"""Snakemake's locks of several runs in one folder, by its own class."""

from __future__ import annotations

import pytest
from snakemake.exceptions import LockException
from snakemake.persistence.file import FilePersistence

from metaxl.planning.locks import remove_own_locks_only


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that makes what a Snakemake keeps of its run in the folder, given what it makes."""
    monkeypatch.setattr(FilePersistence, "_write_locks", FilePersistence._write_locks)

    def make(*outputs):
        made = FilePersistence(path=tmp_path)
        made.all_inputfiles, made.all_outputfiles = list, lambda: outputs
        return made

    return make


def test_snakemake_alone_unlocks_the_other_run(run):
    """Why this is needed: fails when Snakemake has mended it."""
    with run("a").lock():
        with run("b").lock():
            pass
        assert not run("a").locked


def test_a_run_that_ends_or_fails_leaves_the_lock_of_the_other(run):
    remove_own_locks_only(list)
    with run("a").lock():
        with run("b").lock():
            assert run("b").locked
        assert not run("b").locked
        with pytest.raises(ValueError, match="stops"), run("b").lock():
            raise ValueError("stops")
        with pytest.raises(LockException), run("a").lock():
            pass
        assert run("a").locked
    assert not run("a").locked


def test_what_is_locked_is_recorded_before_anything_is_done_and_forgotten_before_it_is_unlocked(run, tmp_path):
    seen = []
    remove_own_locks_only(lambda locks: seen.append((sorted(locks), sorted(map(str, tmp_path.rglob("*.lock"))))))
    with run("a").lock():
        names, there = seen[-1]
        assert names == there != []
    assert seen[-1] == ([], there)


def test_a_lock_that_cannot_be_written_leaves_the_others(run, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    with run("a").lock():
        monkeypatch.setattr(FilePersistence, "_write_locks", full)
        remove_own_locks_only(list)
        with pytest.raises(OSError, match="no space"), run("b").lock():
            pass
        assert run("a").locked


def test_what_removes_all_locks_still_does(run):
    remove_own_locks_only(list)
    with run("a").lock():
        run().cleanup_locks()
        assert not run("a").locked
