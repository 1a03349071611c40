"""Write down the cells of a configuration as jobs for `studies.masakhaner.pool`, seed by seed."""

from __future__ import annotations

import argparse
from pathlib import Path

from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.load import read_configuration
from metaxl.planning.plan import Plan
from metaxl.planning.plans import Plans
from metaxl.tasks import SPLITS
from studies.masakhaner.pool import Job, write_jobs


def job_of(plan: Plan, cell: Cell) -> Job:
    """Return the job of one cell."""
    inputs = plan.cell_inputs(cell)
    files = dict(zip([*SPLITS, "source"], [*inputs["target"], *inputs["source"]], strict=False))
    encoder = plan.encoder_files(cell.encoder)[0].parent
    root = plan.path("")
    return Job(plan.cell_spec(cell), str(encoder), {role: str(path) for role, path in files.items()}, str(root))


def cells_of(plan: Plan) -> list[Cell]:
    """Return the cells that the tables read, so that those of a seed come before those of the next."""
    every = {cell for cells in cell_groups(plan.config).values() for cell in cells}
    return sorted(every, key=lambda cell: (plan.config.seeds.index(cell.seed), cell.target, cell.path))


def main() -> None:
    """Write down the cells of a configuration as jobs, seed by seed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("jobs", type=Path, help="the file to write")
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="as Snakemake takes it")
    given = parser.parse_args()
    plan = Plans(read_configuration("masakhaner", given.configfile)).active
    write_jobs(given.jobs, [job_of(plan, cell) for cell in cells_of(plan)])


if __name__ == "__main__":
    main()
