"""A run whose training has begun, for something to happen to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from metaxl.files import read_json


@contextmanager
def under_way(project, cell, workspace):
    """Yield a Snakemake, in a process group of its own as on a terminal, and the pid of its training, with a state."""
    workspace = project.folder / workspace
    shutil.rmtree(workspace, ignore_errors=True)
    (project.folder / cell / "scores.json").unlink(missing_ok=True)  # of a test that ended early
    options = ["--cores", "1", "--configfile", "mini.yaml"]
    command = [sys.executable, "-m", "snakemake", *options, "--", f"{cell}/scores.json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(project.folder)}
    with (project.folder / "said.txt").open("w") as said:
        run = subprocess.Popen(
            command,
            cwd=project.folder,
            env=environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=_hear,
        )
    owner = workspace / "owner.json"
    try:
        deadline = time.monotonic() + 120
        while not list(owner.parent.glob("states/state-*.json")):
            assert run.poll() is None, (project.folder / "said.txt").read_text()
            assert time.monotonic() < deadline, "no state was saved"
            time.sleep(0.1)
        yield run, read_json(owner)["pid"]
    finally:
        with_group(run, signal.SIGKILL)
        run.wait()


def _hear():
    """Hear signals as on a terminal, also where the tests run in the background or under nohup."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def with_group(run, number):
    try:
        os.killpg(run.pid, number)
    except ProcessLookupError:
        return


def gone(pid):
    """Wait until a process has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.1)
    raise AssertionError(f"process {pid} lives")
