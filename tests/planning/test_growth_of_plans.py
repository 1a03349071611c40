"""Planning takes work that grows as the cells do, and no faster."""

from __future__ import annotations

from pathlib import Path

from work import calls, is_linear

from benchmarks.growth import experiment
from metaxl.experiment.grid import trained_cells
from metaxl.planning.plans import Plans


def small(targets):
    """Return an experiment of one seed, of 13 cells a target."""
    return experiment(targets) | {"seeds": [11]}


def test_staging_grows_as_the_cells_do(folders):
    """All that is asked about cells before the first job: as much for each of 60 targets as for each of 20."""

    def stage(targets):
        plans = Plans(small(targets))
        plans.stage(plans.active)

    def work(targets):
        folders(targets)
        return calls(lambda: stage(targets))

    work(1)  # what is remembered of the code and the registry
    assert is_linear([work(targets) for targets in (20, 40, 60)])


def test_what_a_cell_is_asked_for_does_not_grow(folders):
    """Inputs, settings, code, and which of its target's cells is the best: whatever the number of targets."""
    folders("one")
    work = []
    for targets in (5, 50):
        plan = Plans(experiment(targets)).active
        cells = trained_cells(plan.config, plan.shown_cells()["ner", "xx-104"])
        list(map(plan.expected, cells[:30]))
        work.append(calls(lambda: [(plan.expected(cell), plan.models.best_of(cell)) for cell in cells[30:]]))  # noqa: B023
    assert work[0] == work[1]


def test_an_empty_staged_file_is_written_once(folders):
    """Each cell has one that says that it has not failed: planning again writes none of them."""
    from metaxl.planning.failed import again

    folders("one")
    plan = Plans(small(1)).active
    cells = [cell for cells in plan.shown_cells().values() for cell in cells]
    first = [again(plan, cell, named=False) for cell in cells]
    places = {path: path.stat().st_ino for path in first}
    assert [again(plan, cell, named=False) for cell in cells] == first
    assert {path: path.stat().st_ino for path in first} == places
    assert {path.read_bytes() for path in map(Path, first)} == {b""}
