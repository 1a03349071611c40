"""What a cell is foretold to take: never less than was measured, not many times more, and more where there is more."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from conftest import encoded, make_tokenizer
from damage import DAMAGES, damage
from experiments import ROOT, experiment, load, plan_of, shipped
from trap import trapped

from metaxl.errors import DataError, EncoderError
from metaxl.experiment.config import default_switches
from metaxl.experiment.grid import all_cells
from metaxl.experiment.slug import parse_slug
from metaxl.files import write_json
from metaxl.planning import effort as efforts
from metaxl.planning.effort import Work, effort, effort_of, graph_memory, request_of, step_flops
from metaxl.planning.extent import Extent, extents_of
from metaxl.planning.geometry import XLMR_BASE, Geometry, geometry_of
from metaxl.planning.plans import Plans
from metaxl.tasks import SPLITS

DATA = {
    "train": Extent(100, 20, 60),
    "dev": Extent(100, 20, 60),
    "test": Extent(100, 20, 60),
    "source": Extent(500, 20, 60),
}
TRAINING = load(shipped("paper")).task("ner").training
# As benchmarks/workload.py draws them: the mean of a log-normal distribution, and 128 tokens.
MEASURED_LENGTHS = {"panx": 12 * np.exp(0.45**2 / 2), "128": 128}
MEASURED = {
    "base": replace(XLMR_BASE, vocabulary=12_000),
    "small": Geometry(layers=12, hidden=384, intermediate=1536, heads=12, vocabulary=12_000),
}


def work(method="metaxl-L12", geometry=XLMR_BASE, **changes):
    entry, placement, _ = parse_slug(method)
    data = DATA if entry.needs_source else {role: DATA[role] for role in SPLITS}
    return replace(Work(geometry, entry, placement, TRAINING, default_switches(), data), **changes)


def measured(what):
    """Return each measurement of the package's steps, as a parameter with what would foretell it."""
    paths = sorted((ROOT / "benchmarks" / "results").glob(f"{what}-*.csv"))
    rows = [row for path in paths for row in csv.DictReader(path.open(encoding="utf-8"))]
    return [
        pytest.param(given_of(row), row, id="-".join(row[key] for key in ("geometry", "lengths", "method")))
        for row in rows
        if row["implementation"] == "ours"
    ]


def given_of(row):
    length = MEASURED_LENGTHS[row["lengths"]]
    extent = Extent(1000, length, round(length))
    given = work(row["method"], MEASURED[row["geometry"]], training=replace(TRAINING, batch_size=10))
    return replace(given, data=dict.fromkeys(given.data, extent))


@pytest.mark.parametrize(("given", "row"), measured("step"))
def test_a_step_is_foretold_the_operations_that_were_counted(given, row):
    """And up to a third more, where factors of v save what forming it would cost."""
    assert 0.93 < step_flops(given) / (1e9 * float(row["gflop"])) < 1.4


@pytest.mark.parametrize(("given", "row"), measured("step"))
def test_a_step_is_asked_the_time_that_was_measured(given, row):
    rates = efforts.RATES["cpu"]
    seconds = rates.step + step_flops(given) / rates.flops
    assert 1.2 < rates.margin * seconds / float(row["seconds"]) < 6


@pytest.mark.parametrize(("given", "row"), measured("memory"))
def test_a_training_is_asked_the_memory_that_was_measured(given, row):
    asked = efforts._memory(given, "cpu")
    assert 1 < asked / (2**30 * float(row["peak_gib"])) < 2


@pytest.mark.parametrize("method", ["target", "joint", "zero-shot", "joint-half", "metaxl-L12", "metaxl-frozen-L0-12"])
def test_more_of_anything_takes_more(method):
    """Epochs, source sentences, blocks, a batch's examples, longer examples."""
    few = work(method)
    training = few.training
    longer = {role: replace(extent, mean=30, longest=90) for role, extent in few.data.items()}
    source = {role: replace(extent, examples=5 * extent.examples) for role, extent in few.data.items()}
    for more in (
        replace(few, training=replace(training, epochs=40, target_epochs=40)),
        replace(few, training=replace(training, min_steps=100_000)),
        replace(few, data=source),
        replace(few, geometry=replace(XLMR_BASE, layers=24)),
        replace(few, data=longer),
    ):
        for device in efforts.RATES:
            assert effort(more, device).seconds > effort(few, device).seconds
            assert effort(more, device).memory >= effort(few, device).memory
    for larger in (
        replace(few, training=replace(training, batch_size=32)),
        replace(few, geometry=replace(XLMR_BASE, layers=24)),
        replace(few, data=longer),
    ):
        assert step_flops(larger) > step_flops(few)
        assert graph_memory(larger) > graph_memory(few)


def test_what_a_method_does_in_its_step_counts():
    """The order of docs/method.md: 4.5, 6, 8, 9, 10 and 15 F for one length of all sentences."""
    same = {role: Extent(160, 20, 20) for role in DATA}
    unit = efforts.forward_flops(XLMR_BASE, TRAINING.batch_size * 20, 20)
    told = {"metaxl-frozen-L12": 4.5, "joint": 6, "metaxl-L12": 8, "metaxl-L6": 9, "metaxl-L0": 10, "metaxl-L0-12": 15}
    for method, units in told.items():
        assert step_flops(work(method, data=same)) / unit == pytest.approx(units)
    official = replace(default_switches(), update_order="official")
    assert step_flops(work("metaxl-L12", data=same, switches=official)) / unit == pytest.approx(8 + 4.5)
    nested = replace(default_switches(), layer_composition="nested")
    assert step_flops(work("metaxl-L0-12", data=same, switches=nested)) / unit == pytest.approx(10)


def test_steps_are_those_of_training():
    """An epoch is a pass over the source; without one over the target, but for a method that matches the source's."""
    assert work("joint").steps() == (32, 20)
    assert work("target").steps() == (7, 20)
    assert work("target-matched", matched_size=500).steps() == (32, 20)
    assert work("target", training=replace(TRAINING, min_steps=1000)).steps() == (7, 143)


def test_a_later_attempt_asks_for_more():
    asked = effort(work())
    for request in (asked.runtime, asked.mem_mb):
        assert [request(attempt) for attempt in (1, 2, 3)] == [n * request() for n in (1, 2, 3)]


def test_the_demo_asks_for_little_and_the_paper_for_what_its_encoder_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # nothing is encoded here
    demo = Plans(shipped("demo")).active
    for cell in all_cells(demo.config):
        asked = effort_of(demo, cell)
        assert asked.mem_mb() < 2000
        assert asked.runtime() <= 15
    paper = Plans(shipped("paper")).active
    for cell in all_cells(paper.config):
        placement = parse_slug(cell.method).placement
        assert 6000 < effort_of(paper, cell, "gpu").mem_mb() < 24_000
        assert 6000 < effort_of(paper, cell).mem_mb() < (24_000 if len(placement) < 2 else 36_000)
        assert effort_of(paper, cell, "gpu").runtime() < effort_of(paper, cell, "cpu").runtime()


def test_data_that_are_encoded_are_counted(tmp_path, monkeypatch):
    """Until then a source set has the size that is asked for, and synthetic data theirs."""
    monkeypatch.chdir(tmp_path)
    plan = plan_of(synthetic={"target_size": 70, "test_size": 90})
    cell = next(cell for cell in all_cells(plan.config) if (cell.target, cell.method) == ("qu", "joint"))
    before = extents_of(plan, cell)
    assert {role: extent.examples for role, extent in before.items()} == {
        **{"train": 70, "dev": 70, "test": 90},
        "source": 500,
    }
    make_tokenizer(tmp_path)
    data = encoded(tmp_path, "ner", 30, 1)
    data.save(plan.cell_inputs(cell)["source"][0])
    lengths = data.lengths()
    assert extents_of(plan, cell)["source"] == Extent(30, lengths.mean(), lengths.max())
    assert extents_of(plan, cell)["dev"] == before["dev"]


@pytest.mark.parametrize("kind", [*DAMAGES, "pickled"])
def test_damaged_data_count_as_missing_for_their_training_tells_of_them(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    plan = plan_of()
    cell = next(cell for cell in all_cells(plan.config) if (cell.target, cell.method) == ("qu", "joint"))
    before = extents_of(plan, cell)
    path = plan.cell_inputs(cell)["source"][0]
    path.parent.mkdir(parents=True)
    np.savez(path, starts=trapped(tmp_path / "read") if kind == "pickled" else np.arange(3))
    if kind != "pickled":
        damage(path, kind)
    assert extents_of(plan, cell) == before
    assert not (tmp_path / "read").exists()


def test_an_encoder_is_as_large_as_its_configuration_says(tmp_path):
    plan = plan_of()
    told = plan.config.encoders["tiny"]["pretrain"]
    assert geometry_of(plan.encoders, "tiny").parameters == 6000 * 64 + 2 * 12 * 64**2
    assert geometry_of(plan.encoders, "tiny").layers == told["layers"]
    assert XLMR_BASE.parameters == pytest.approx(278e6, rel=0.01)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model_type": 3}', '{"model_type": "bert", "is_decoder": true}'])
def test_a_damaged_encoder_is_no_reason_to_ask_a_scheduler_for_nothing(tmp_path, content):
    """A run that cannot say what a job needs ends with all its jobs; the cells of the encoder fail by themselves."""
    (tmp_path / "config.json").write_text(content)
    plan = Plans(experiment(encoders={"mine": {"folder": str(tmp_path)}})).active
    cell = replace(all_cells(plan.config)[0], encoder="mine")
    with pytest.raises((DataError, EncoderError), match=r"config\.json"):
        effort_of(plan, cell)
    asked = request_of(plan, cell)
    (tmp_path / "config.json").unlink()
    assert asked == request_of(plan, cell)
    assert asked.mem_mb() > 1000


@pytest.mark.parametrize("size", [0, -768, True, "768", None])
def test_a_size_that_can_be_none_is_not_reckoned_with(tmp_path, size):
    write_json(tmp_path / "config.json", {"model_type": "bert", "hidden_size": size})
    plan = Plans(experiment(encoders={"mine": {"folder": str(tmp_path)}})).active
    assert geometry_of(plan.encoders, "mine").hidden == XLMR_BASE.hidden
