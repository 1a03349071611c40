"""Snakemake's limiter of its own making, and the scheduler that it would wake for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter

from metaxl.planning.rate import drop_default_rate

ROOT = Path(__file__).resolve().parents[2]
JOBS = 8
SNAKEFILE = """
rule all:
    input: expand("{n}.txt", n=range(%d))

rule one:
    output: "{n}.txt"
    shell: "sleep 0.4; touch {output}"

onstart:
    %s
"""


def limiter(*arguments: str) -> JobRateLimiter:
    """Return what Snakemake makes of a command line."""
    return JobRateLimiter(get_argument_parser().parse_args(["--cores", "1", *arguments]).max_jobs_per_timespan)


def looks_for_jobs(folder: Path, hook: str) -> int:
    """Run some jobs one after another; return how often the scheduler looked for what it could start."""
    (folder / "Snakefile").write_text(SNAKEFILE % (JOBS, hook))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr.count("Ready jobs: ")


def test_the_rate_that_nobody_asked_for_is_dropped():
    scheduler = SimpleNamespace(job_rate_limiter=limiter())
    drop_default_rate(scheduler)
    assert scheduler.job_rate_limiter is None


@pytest.mark.parametrize("rate", ["1/30s", "100/1m", "50/1s"])
def test_a_rate_that_was_asked_for_stays(rate):
    asked = limiter("--max-jobs-per-timespan", rate)
    scheduler = SimpleNamespace(job_rate_limiter=asked)
    drop_default_rate(scheduler)
    assert scheduler.job_rate_limiter is asked


def test_a_scheduler_without_a_limiter_is_left_alone():
    scheduler = SimpleNamespace()
    drop_default_rate(scheduler)
    assert not vars(scheduler)


def test_a_job_that_ends_wakes_the_scheduler_once_and_with_the_limiter_again_and_again(tmp_path):
    """If the last line fails, Snakemake has mended it, and metaxl/planning/rate.py can go."""
    for name in ("without", "with"):
        (tmp_path / name).mkdir()
    hook = "from metaxl.planning.rate import drop_default_rate; drop_default_rate(workflow.scheduler)"
    assert looks_for_jobs(tmp_path / "without", hook) <= JOBS + 2  # and one for the rule `all`
    assert looks_for_jobs(tmp_path / "with", "pass") > JOBS + 2
