"""On what machine a process runs."""

from __future__ import annotations

import platform

import pytest

from metaxl import machine


def test_the_processor_is_named_as_the_system_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CPUS", tmp_path / "cpuinfo")
    assert machine.cpu_model() in (platform.processor(), platform.machine())
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC  7763: 64\n\nmodel name\t: other\n")
    assert machine.cpu_model() == "AMD EPYC 7763: 64"


@pytest.mark.parametrize("variable", ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"])
def test_the_job_of_a_cluster_is_known_by_its_id(monkeypatch, variable):
    for name in machine.JOBS:
        monkeypatch.delenv(name, raising=False)
    assert machine.scheduler_job() is None
    monkeypatch.setenv(variable, "4711.head")
    assert machine.scheduler_job() == "4711.head"
