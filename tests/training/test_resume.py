"""A training that is interrupted, however, ends bit for bit as one that was not."""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from cells import CPU, METHODS, SWITCHES, files_of, spec_of
from conftest import encoded
from families import make_family

from metaxl.errors import MetaXLError
from metaxl.files import read_json, write_json
from metaxl.training import guard
from metaxl.training.feed import Feed
from metaxl.training.guard import InterruptedTrainingError
from metaxl.training.owner import Owner, ReplacedError
from metaxl.training.train import train_cell

FILES = ("predictions.jsonl", "history.jsonl", "representations.npz")


class KilledError(Exception):
    """What a kill is to a training: it ends between two instructions, and cleans up nothing."""


def cell(place, out, spec, interval=0.0):
    train_cell(spec, place, files_of(place, spec), out, CPU, out.with_name(f"{out.name}-work"), interval=interval)
    return results(out)


def results(out):
    record = read_json(out / "scores.json")
    made = {key: record[key] for key in record if key != "resources"}
    return made, [(out / name).read_bytes() for name in FILES[:2]], dict(np.load(out / FILES[2]))


def equal(one, other):
    assert one[:2] == other[:2]
    assert one[2].keys() == other[2].keys()
    for name, value in one[2].items():
        np.testing.assert_array_equal(value, other[2][name])


def kill_at(monkeypatch, step, how=None):
    """End the process's training within a step, or do something else there; once."""
    init, taken = Feed.__init__, [0]

    def watched(feed, update, *others):
        def counted(rates):
            taken[0] += 1
            if taken[0] == step + 1:
                if how is None:
                    raise KilledError
                how()
            return update(rates)

        init(feed, counted, *others)

    monkeypatch.setattr(Feed, "__init__", watched)


def killed(place, out, monkeypatch, spec, step):
    """Train a cell until it is killed within a step; return the folder of its states."""
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(KilledError):
            cell(place, out, spec)
    return out.with_name(f"{out.name}-work") / "states"


@pytest.fixture(scope="module")
def undisturbed_of(place, tmp_path_factory):
    """Return a function that gives the results of a training that nobody disturbed, which saved no state."""
    known = {}

    def of(spec):
        if spec.to_json() not in known:
            known[spec.to_json()] = cell(place, tmp_path_factory.mktemp("whole") / "cell", spec, interval=1e9)
        return known[spec.to_json()]

    return of


JOINT = spec_of("joint", epochs=3)


@pytest.fixture(scope="module")
def killed_joint(place, tmp_path_factory):
    """Return a function that gives a folder what a training of JOINT leaves that was killed within its fifth step."""
    once = tmp_path_factory.mktemp("killed") / "cell"
    with pytest.MonkeyPatch.context() as patch:
        killed(place, once, patch, JOINT, 4)

    def copy(out):
        for suffix in ("", "-work"):
            shutil.copytree(f"{once}{suffix}", f"{out}{suffix}")
        return out.with_name(f"{out.name}-work") / "states"

    return copy


@pytest.mark.parametrize("method", METHODS)
def test_a_killed_training_goes_on_to_the_same_results(place, undisturbed_of, tmp_path, monkeypatch, method):
    """Within an epoch, at the end of one, twice in one training; with dropout."""
    spec = spec_of(method, epochs=2)
    undisturbed = undisturbed_of(spec)
    for steps in ((4,), (3,), (2, 3)):
        out = tmp_path / "-".join(map(str, steps))
        for step in steps:
            killed(place, out, monkeypatch, spec, step)
        equal(cell(place, out, spec), undisturbed)
        assert read_json(out / "scores.json")["resources"]["resumed_at_step"] == sum(steps)
        assert not out.with_name(f"{out.name}-work").joinpath("states").exists()


CHANGES = [{"phi_decay": "decoupled-to-start"}, {"theta_decay": "touched"}, {"target_split": "crossed"}]
CHANGES += [{"target_split": "disjoint", "meta_objective": "cosine"}]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_every_kind_of_optimiser_and_of_feed_resumes(place, undisturbed_of, tmp_path, monkeypatch, changes):
    spec = spec_of("metaxl-L1", switches=replace(SWITCHES, **changes), head_learning_rate=3.0)
    undisturbed = undisturbed_of(spec)
    killed(place, tmp_path / "killed", monkeypatch, spec, 2)
    equal(cell(place, tmp_path / "killed", spec), undisturbed)


def test_a_wrapped_encoder_resumes(tmp_path, monkeypatch):
    folder = make_family(tmp_path / "electra", "electra")
    for role, count, seed in (("train", 10, 1), ("dev", 6, 2), ("test", 6, 3), ("source", 12, 4)):
        encoded(folder, "ner", count, seed).save(folder / f"ner-{role}.npz")
    spec = spec_of("metaxl-L1")
    undisturbed = cell(folder, tmp_path / "whole", spec)
    killed(folder, tmp_path / "killed", monkeypatch, spec, 2)
    equal(cell(folder, tmp_path / "killed", spec), undisturbed)


@pytest.mark.parametrize("number", guard.ENDING, ids=lambda number: number.name)
def test_a_signal_ends_a_training_after_its_step_with_its_own_exit_code(
    place, undisturbed_of, tmp_path, monkeypatch, number
):
    """And the state is kept, though no interval is over."""
    spec, handler = JOINT, signal.getsignal(number)
    undisturbed = undisturbed_of(spec)
    with monkeypatch.context() as patch:
        kill_at(patch, 4, lambda: os.kill(os.getpid(), number))
        with pytest.raises(InterruptedTrainingError, match=f"{number.name} at step 5") as ended:
            cell(place, tmp_path / "killed", spec, interval=1e9)
    assert ended.value.exit_code == 128 + number
    assert signal.getsignal(number) is handler
    equal(cell(place, tmp_path / "killed", spec), undisturbed)
    assert read_json(tmp_path / "killed" / "scores.json")["resources"]["resumed_at_step"] == 5


def test_the_warning_of_a_cluster_saves_and_goes_on(place, undisturbed_of, tmp_path, monkeypatch, caplog):
    spec = JOINT
    undisturbed = undisturbed_of(spec)
    with monkeypatch.context() as patch, caplog.at_level("INFO", "metaxl"):
        kill_at(patch, 1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        equal(cell(place, tmp_path / "warned", spec, interval=1e9), undisturbed)
    assert "SIGUSR1: the state at step 2 is saved." in caplog.text


def damages(size):
    generator = np.random.default_rng(0)
    return [lambda data, at=int(at): data[:at] for at in generator.integers(0, size, 6)] + [
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ]


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_of_a_damaged_state_the_one_before_serves_and_it_is_told(
    place, undisturbed_of, killed_joint, tmp_path, caplog, suffix
):
    undisturbed = undisturbed_of(JOINT)
    for number, damage in enumerate(damages(400)[:: 1 if suffix == ".json" else 2]):
        out = tmp_path / str(number)
        states = killed_joint(out)
        newest = sorted(states.glob(f"*{suffix}"))[-1]
        newest.write_bytes(damage(newest.read_bytes()))
        caplog.clear()
        equal(cell(place, out, JOINT), undisturbed)
        assert "It is not used." in caplog.text
        assert str(newest.with_suffix("").name) in caplog.text
        assert read_json(out / "scores.json")["resources"]["resumed_at_step"] == 3


@pytest.mark.parametrize("key", ["spec", "data", "encoder", "code", "libraries", "device"])
def test_a_state_of_another_training_is_told_and_not_used(place, undisturbed_of, killed_joint, tmp_path, caplog, key):
    states = sorted(killed_joint(tmp_path / "other").glob("*.json"))
    assert len(states) == 2
    for path in states:
        about = read_json(path)
        about["made_of"][key] = "other"
        write_json(path, about)
    equal(cell(place, tmp_path / "other", JOINT), undisturbed_of(JOINT))
    assert f"the state of a training with another {key}. It is not used." in caplog.text
    assert read_json(tmp_path / "other" / "scores.json")["resources"]["resumed_at_step"] is None


def test_two_states_are_kept_and_no_more(place, tmp_path, monkeypatch):
    states = killed(place, tmp_path / "cell", monkeypatch, spec_of("joint", epochs=3), 7)
    names = sorted(path.name for path in states.iterdir())
    assert names == [f"state-{step:010d}{suffix}" for step in (6, 7) for suffix in (".json", ".safetensors")]


def test_who_was_left_behind_writes_nothing_over_the_new_cell(place, tmp_path, monkeypatch):
    """An orphan of old settings finds another owner: within its training, or right before it publishes."""
    new, old = spec_of("joint"), spec_of("joint", learning_rate=0.5, epochs=4)
    for step in (3, 11):
        out = tmp_path / str(step)
        made = []
        with monkeypatch.context() as patch:
            patch.setattr(guard, "LOOK_EVERY", 0.0 if step == 3 else 1e9)
            kill_at(patch, step, lambda out=out, made=made: made.append(cell(place, out, new, 1e9)))
            with pytest.raises(ReplacedError, match=r"now trained by (process|nobody)"):
                cell(place, out, old, interval=1e9)
        equal(results(out), made[0])
        assert read_json(out / "scores.json")["provenance"]["settings"]["training"]["epochs"] == 2


def test_a_cell_has_one_owner_the_last_who_took_it(tmp_path, caplog):
    first = Owner(tmp_path)
    first.check()
    about = read_json(tmp_path / "owner.json")
    write_json(tmp_path / "owner.json", about | {"pid": os.getppid()})
    second = Owner(tmp_path)
    assert f"taken over from process {os.getppid()}" in caplog.text
    second.check()
    with pytest.raises(ReplacedError, match="This process writes nothing"):
        first.check()
    with pytest.raises(ReplacedError), first.publishing():
        raise AssertionError("published")
    with second.publishing():
        pass
    second.release()
    assert not list(tmp_path.iterdir())
    assert issubclass(ReplacedError, MetaXLError)


def test_a_released_cell_leaves_no_empty_folder_and_takes_no_other_s(tmp_path):
    work = tmp_path / "work"
    one, other = Owner(work / "cells" / "qu" / "joint"), Owner(work / "cells" / "qu" / "target")
    one.release()
    other.check()
    assert [path.name for path in (work / "cells" / "qu").iterdir()] == ["target"]
    other.release()
    assert list(tmp_path.rglob("*")) == [work]


def test_trainings_that_begin_while_others_end_find_or_make_their_folders(tmp_path):
    """Each begins and ends some hundred times, beside a neighbour that removes the folders above, where it can."""

    def begin_and_end(name):
        for _ in range(300):
            owner = Owner(tmp_path / "work" / "cells" / "qu" / name)
            owner.check()
            owner.release()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin_and_end, ["joint", "target", "metaxl-L2", "zero-shot"]))
    assert list(tmp_path.rglob("*")) == [tmp_path / "work"]


def test_dropout_is_active_in_these_tests(place):
    """They would pass without the generator's state if it were not."""
    assert read_json(place / "config.json")["hidden_dropout_prob"] > 0
