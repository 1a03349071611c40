"""Cells that a few processes train one after another are those that each would be by itself."""

from __future__ import annotations

import json

import numpy as np
from cells import files_of, spec_of, train
from experiments import shipped

from metaxl.experiment.spec import CellSpec
from metaxl.planning.plans import Plans
from studies.masakhaner.pool import Job, Pool, read_jobs, write_jobs
from studies.masakhaner.prepared import cells_of, job_of


def job(place, root, spec):
    files = {role: str(path) for role, path in files_of(place, spec).items()}
    return Job(spec.to_json(), str(place), files, str(root))


def test_the_records_are_those_of_a_training_by_itself(place, tmp_path):
    """Also of the second cell of a process; a cell that cannot be trained costs the others nothing, and is told."""
    specs = [spec_of("metaxl-L1", seed=1), spec_of("joint", seed=2)]
    broken = spec_of("target", seed=3)
    jobs = [job(place, tmp_path / "pool", spec) for spec in (specs[0], broken, specs[1])]
    jobs[1].files["train"] = jobs[1].files["dev"] = jobs[1].files["test"] = str(place / "nothing.npz")
    np.savez(place / "nothing.npz", ids=np.array(["no ids"]))
    write_jobs(tmp_path / "jobs.jsonl", jobs)
    with Pool(1, "cpu", 600) as pool:
        told = list(pool.train(read_jobs(tmp_path / "jobs.jsonl")))
    assert len(told) == 3
    assert sum("failed" in line for line in told) == 1
    for spec in specs:
        train(place, tmp_path / "alone" / spec.cell.path, spec)
        for name in ("predictions.jsonl", "history.jsonl"):
            pooled, alone = (tmp_path / where / spec.cell.path / name for where in ("pool", "alone"))
            assert pooled.read_bytes() == alone.read_bytes(), name
    with Pool(1, "cpu", 600) as pool:
        assert not list(pool.train(jobs[:1]))  # it is done


def test_no_cell_begins_after_the_time(place, tmp_path):
    """It is told so."""
    with Pool(1, "cpu", 0) as pool:
        assert "not begun" in next(pool.train([job(place, tmp_path, spec_of("target"))]))


def test_the_jobs_are_the_plans_cells_seed_by_seed(tmp_path, monkeypatch):
    """What each is told is what the workflow's rule would tell it."""
    monkeypatch.chdir(tmp_path)
    plan = Plans(shipped("masakhaner") | {"seeds": [12, 11]}).active
    jobs = [job_of(plan, cell) for cell in cells_of(plan)]
    assert [one.parsed().cell.seed for one in jobs] == [12] * 70 + [11] * 70
    one = jobs[0]
    assert one.spec == plan.cell_spec(CellSpec.from_dict(json.loads(one.spec)).cell)
    assert set(one.files) >= {"train", "dev", "test"}
