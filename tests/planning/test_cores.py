"""More cores than there are is told, and nothing else."""

from __future__ import annotations

import os

import pytest

from metaxl.planning.cores import too_many_cores


@pytest.mark.parametrize(("asked", "there", "told"), [(8, 2, True), (3, 2, True), (2, 2, False), (1, 2, False)])
def test_more_cores_than_there_are_are_told(monkeypatch, asked, there, told):
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    said = too_many_cores(asked)
    assert bool(said) == told
    assert not told or (f"{asked} cores" in said and f"--cores {there} " in said)


def test_jobs_that_go_elsewhere_take_no_core_here():
    assert too_many_cores(None) == ""
