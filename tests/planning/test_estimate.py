"""What an experiment will take is foretold from its operations and the speed of a machine, with how sure that is."""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from experiments import experiment
from hypothesis import given
from hypothesis import strategies as st
from switches import DEFAULT

from metaxl.cli.calibration import measure_speed
from metaxl.cli.main import main
from metaxl.errors import ConfigError
from metaxl.experiment.load import merge
from metaxl.files import write_json
from metaxl.planning.effort import RATES, START, effort_of
from metaxl.planning.estimate import describe, foretold, heaviest
from metaxl.planning.plans import Plans
from metaxl.planning.speed import KINDS, Sample, Speed, find_kind, fit, samples
from metaxl.training.calibrate import Sizes, time_step

SMALL = Sizes(layers=1, hidden=16, intermediate=32, heads=2, batch=4, length=8, bottleneck=4)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Plans(experiment()).active


def timed(step, speed, operations, off=()):
    """Return steps and their seconds, of which a look-ahead's take five times as much besides their operations."""
    factors = [*off, *(1.0 for _ in operations)]
    return [
        (Sample({}, looks_ahead, flops), ((5 if looks_ahead else 1) * step + flops / speed) * factor)
        for flops, factor in zip(operations, factors, strict=False)
        for looks_ahead in (False, True)
    ]


@given(st.floats(1e-4, 10), st.floats(1e8, 1e14), st.lists(st.floats(1e6, 1e12), min_size=2, max_size=6, unique=True))
def test_times_that_follow_the_model_give_its_numbers_back(step, speed, operations):
    found = fit(timed(step, speed, operations), 2.0, "")
    for sample, seconds in timed(step, speed, operations):
        assert math.isclose(found.seconds(1, sample.flops, sample.looks_ahead) - 2.0, seconds, rel_tol=1e-3)
    assert found.factor == pytest.approx(1.5, rel=1e-2)


def test_times_that_do_not_follow_it_make_it_less_sure():
    good, bad = (fit(timed(0.01, 1e9, [1e6, 1e7, 1e8], off), 0.0, "") for off in ((), (1.0, 3.0, 1.0)))
    assert bad.factor > 1.3 * good.factor
    noise = [(Sample({}, ahead, flops), 1e6 / flops) for ahead in (False, True) for flops in (1e6, 1e9)]
    backwards = fit(noise, 0.0, "")
    assert min(backwards.step, backwards.look_ahead) >= 0
    assert backwards.flops > 0


def test_a_cell_takes_its_start_its_steps_and_its_operations():
    speed = Speed(flops=100.0, step=2.0, look_ahead=7.0, start=5.0, factor=1.0, source="")
    assert speed.seconds(3, 400.0, looks_ahead=False) == 5 + 3 * 2 + 4
    assert speed.seconds(3, 400.0, looks_ahead=True) == 5 + 3 * 7 + 4


def test_on_the_h100_of_the_study_a_step_takes_what_was_measured():
    with (ROOT / "benchmarks" / "results" / "gpu.csv").open(encoding="utf-8") as file:
        rates = {row["method"]: float(row["steps_a_second"]) for row in csv.DictReader(file) if row["processes"] == "1"}
    h100 = KINDS["h100"]
    assert h100.step == pytest.approx(1 / rates["JT"], rel=0.05)
    assert h100.look_ahead == pytest.approx(1 / rates["MetaXL after layer 12"], rel=0.05)


def test_on_a_gpu_what_looks_ahead_takes_longer_by_its_launching(plan):
    cells = {item.cell.method: item for item in foretold(plan) if item.cell.target == "qu" and item.cell.source == "en"}
    free = replace(KINDS["gpu"], flops=math.inf)
    metaxl, joint = (
        free.seconds(item.effort.steps, 0.0, item.effort.looks_ahead) - free.start
        for item in (cells["metaxl-L2"], cells["joint"])
    )
    assert metaxl / joint == pytest.approx(RATES["gpu"].look_ahead / RATES["gpu"].step)
    told = [
        line.split()
        for line in describe(plan, list(cells.values()), free, 1, here=False).splitlines()
        if "tiny" in line
    ]
    seconds = {row[2]: float(row[5]) for row in told if row[6] == "s"}
    assert seconds["metaxl-L2"] > seconds["joint"]
    for method, a_step in (("metaxl-L2", "look_ahead"), ("joint", "step")):
        asked = effort_of(plan, cells[method].cell, "gpu")
        besides = asked.seconds - START - asked.flops / RATES["gpu"].flops
        assert besides == pytest.approx(asked.steps * getattr(RATES["gpu"], a_step))


def test_a_step_that_is_timed_grows_with_the_encoder_and_leaves_the_drawn_numbers_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    deep = replace(SMALL, layers=8)
    for looks_ahead in (False, True):
        shallow, deeper = (time_step(sizes, looks_ahead, DEFAULT, torch.device("cpu"), 0.1) for sizes in (SMALL, deep))
        assert 0 < shallow < deeper
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_timed_is_as_wide_as_the_heaviest_cells_encoder(plan):
    cells = foretold(plan)
    work = heaviest(plan, cells)
    assert work.looks_ahead()
    for sample in samples(work):
        assert sample.sizes["hidden"] == work.geometry.hidden
        assert sample.sizes["batch"] == work.training.batch_size
    shallow, deep = ([s.flops for s in samples(work) if s.sizes["layers"] == layers] for layers in (1, 2))
    assert [d / s for d, s in zip(deep, shallow, strict=True)] == pytest.approx([2, 2], rel=0.05)


def test_a_faster_machine_takes_less_and_what_is_done_is_not_left(plan):
    cells = foretold(plan)
    lines = {kind: describe(plan, cells, KINDS[kind], 1, here=False).splitlines() for kind in KINDS}
    assert lines["cpu-core"][0] == f"demo: {len(cells)} cells."
    text = describe(plan, cells, KINDS["cpu-core"], 2, here=True)
    assert "with 2 cells at once" in text
    assert f"The data of {len(cells)} cells are not encoded yet" in text
    assert "Free here" in text
    done = [replace(item, done=True, measured=100.0) for item in cells]
    assert "Left: 0 s" in describe(plan, done, KINDS["cpu-core"], 1, here=True)
    assert f"The {len(cells)} cells that have been trained took" in describe(
        plan, done, KINDS["cpu-core"], 1, here=True
    )
    assert "have been trained" not in describe(plan, done, KINDS["cpu-core"], 1, here=False)


def test_cells_that_are_there_count_as_done(plan):
    first = foretold(plan)[0].cell
    write_json(plan.path(first.path) / "failed.json", {"cell": asdict(first), "reason": "none"})
    assert not any(item.done for item in foretold(plan))


def test_a_kind_of_machine_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(ConfigError, match="this-machine, cpu-core, gpu, h100"):
        find_kind("abacus")


def test_the_command_tells_of_a_known_kind(plan, capsys):
    assert main(["estimate", "--on", "cpu-core"]) == 0
    assert "within a factor of about 2.0" in capsys.readouterr().out
    assert main(["estimate", "--on", "abacus"]) == 1


@pytest.mark.slow
def test_what_this_machine_is_foretold_to_take_is_what_its_steps_take(tmp_path, monkeypatch):
    """A deeper encoder than those that are timed: within the factor that is told."""
    monkeypatch.chdir(tmp_path)
    plan = Plans(merge(experiment(), {"encoders": {"tiny": {"pretrain": {"layers": 6}}}})).active
    work = heaviest(plan, foretold(plan))
    speed, _ = measure_speed(samples(work), plan.config.method)
    for sample in samples(work)[:2]:
        deep = Sizes(**(sample.sizes | {"layers": 6}))
        taken = time_step(deep, sample.looks_ahead, plan.config.method, torch.device("cpu"), 1.0)
        expected = speed.seconds(1, 6 * sample.flops, sample.looks_ahead) - speed.start
        assert 1 / speed.factor < taken / expected < speed.factor
