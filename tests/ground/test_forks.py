"""A command in a fork meets what a start of Python gives it, and ends as it would, whatever the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from forks import Forks

# It tells what a program may ask about its start; some of it is told only as it ends.
PROGRAM = """
import atexit, json, os, sys, threading

streams = [[s.encoding, s.errors, s.line_buffering, s.isatty()] for s in (sys.stdin, sys.stdout, sys.stderr)]
print(json.dumps([sys.argv, sys.path, dict(os.environ), os.getcwd(), __name__, __file__, __spec__.name, streams]))
print(repr(sys.stdin.read()), os.listdir("/proc/self/fd"), len(os.listdir("/proc/self/task")))
print("an error", file=sys.stderr)
atexit.register(print, "at the end")
threading.Timer(0.1, print, ["by a thread"]).start()
"""
ENDS = {"": 0, "sys.exit()": 0, "sys.exit(3)": 3, "sys.exit('why')": 1, "1 / 0": 1, "os.kill(os.getpid(), 9)": -9}
OTHER_LINES = re.compile(r'  File "(?!.*probed).*\n(    .*\n)*')  # of a traceback: the way to the program


@pytest.fixture(scope="module")
def forks():
    made = Forks()
    yield made
    made.close()


@pytest.mark.parametrize("end", ENDS)
def test_a_fork_is_like_a_start(forks, tmp_path, end):
    (tmp_path / "probed").mkdir()
    (tmp_path / "probed" / "__init__.py").touch()
    (tmp_path / "probed" / "__main__.py").write_text(PROGRAM + end)
    command = [sys.executable, "-m", "probed", "a", "ü b"]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}/none", "HF_HOME": "mine"}
    started = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    forked = forks.run(command, tmp_path, environment)
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    assert OTHER_LINES.sub("", forked.stderr) == OTHER_LINES.sub("", started.stderr)
    assert forked.returncode == ENDS[end]
    merged = forks.run(command, tmp_path, environment, merged=True).stdout
    assert sorted(merged.splitlines()) == sorted((forked.stdout + forked.stderr).splitlines())


def test_a_variable_that_may_be_read_before_the_fork_is_refused(forks, tmp_path):
    with pytest.raises(AssertionError, match="OMP_NUM_THREADS"):
        forks.run([sys.executable, "-m", "probed"], tmp_path, os.environ | {"OMP_NUM_THREADS": "7"})


@pytest.mark.parametrize("library", ["huggingface_hub", "metaxl.files"])
def test_what_is_a_command_s_own_to_import_is_refused(library):
    made = Forks(library)
    assert made.server.wait(timeout=60) == 1
    made.close()
