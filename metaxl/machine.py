"""On what machine, and as what job of a cluster, this process runs."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path

CPUS = Path("/proc/cpuinfo")
JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")  # of SLURM, PBS, LSF and Grid Engine


def host() -> str:
    """Return the machine's name."""
    return socket.gethostname()


def cpu_model() -> str:
    """Return the processor's name as the system tells it, or else its architecture."""
    lines = CPUS.read_text(encoding="utf-8", errors="replace").splitlines() if CPUS.is_file() else []
    named = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(named, "").split()) or platform.processor() or platform.machine()


def scheduler_job() -> str | None:
    """Return the id that a cluster's scheduler gave this job, or None where there is none."""
    return next(filter(None, map(os.environ.get, JOBS)), None)
