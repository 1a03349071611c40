"""kill -9 at random moments, again and again: the results are those of a training that nobody touched."""

from __future__ import annotations

import os
import random
import signal
import time
from multiprocessing import get_context

import pytest
from cells import spec_of, train_on
from conftest import encoded
from families import make_family

from metaxl.files import read_json

FILES = ("predictions.jsonl", "history.jsonl", "representations.npz")
SLOW = pytest.mark.slow
SERVER = get_context("forkserver")  # trainings begin at once, for torch is imported when they do
SERVER.set_forkserver_preload(["metaxl.training.train", "metaxl.encoder.packed", "cells"])


def results(out):
    record = read_json(out / "scores.json")
    return {key: record[key] for key in record if key != "resources"}, [(out / name).read_bytes() for name in FILES]


def newest(work):
    """Return the step of the newest whole state, whose JSON file is written last; 0 without one."""
    return max((int(path.stem.removeprefix("state-")) for path in work.glob("states/state-*.json")), default=0)


def begin(place, out, spec):
    training = SERVER.Process(target=train_on, args=(place, out, spec))
    training.start()
    return training


def kill_repeatedly(place, out, spec, kills, luck):
    """Train a cell, killing it `kills` times, each time after it has gone on; return the step it last went on from."""
    work = out.with_name(f"{out.name}-work")
    for _ in range(kills):
        before, training = newest(work), begin(place, out, spec)
        deadline = time.monotonic() + 120
        while newest(work) == before:
            assert training.is_alive(), (
                f"it ended with {training.exitcode} before it was killed; more epochs are needed"
            )
            assert time.monotonic() < deadline, "no state was saved"
            time.sleep(0.005)
        time.sleep(luck.uniform(0, 0.05))
        os.kill(training.pid, signal.SIGKILL)
        training.join()
        assert training.exitcode == -signal.SIGKILL
        assert not (out / "scores.json").exists(), "nothing of it is visible before it is whole"
    return newest(work)


@pytest.mark.parametrize(
    ("method", "family", "kills"),
    [
        ("metaxl-L1", "", 3),
        *(pytest.param(method, "", 20, marks=SLOW) for method in ("target", "joint", "metaxl-L1")),
        pytest.param("metaxl-L1", "electra", 20, marks=SLOW),
    ],
)
def test_kills_at_random_moments_change_nothing(place, tmp_path, method, family, kills):
    """All records are equal byte for byte, and no step before the last state is done again."""
    if family:
        place = make_family(tmp_path / family, family)
        for role, count, seed in (("train", 10, 1), ("dev", 6, 2), ("test", 6, 3), ("source", 12, 4)):
            encoded(place, "ner", count, seed).save(place / f"ner-{role}.npz")
    epochs = {"epochs": 12 * kills, "target_epochs": 12 * kills}
    spec = spec_of(method, **epochs)
    whole = begin(place, tmp_path / "whole", spec)
    whole.join()
    assert whole.exitcode == 0
    out = tmp_path / "killed"
    last = kill_repeatedly(place, out, spec, kills, random.Random(kills))
    final = begin(place, out, spec)
    final.join()
    assert final.exitcode == 0
    assert results(out) == results(tmp_path / "whole")
    assert read_json(out / "scores.json")["resources"]["resumed_at_step"] == last > 0
    assert not list(out.with_name(f"{out.name}-work").glob("*")), "of killed writers something is left"
