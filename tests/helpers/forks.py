"""Commands in forks of a process that has imported the large libraries, which many starts of Python would import anew.

torch takes two or three seconds of each. What a fork does not have is an order of sets of its own, and a slow end.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SERVER = Path(__file__).with_name("fork_server.py")
# The variables that a command may have otherwise than the server: the rest may be read before the fork.
OWN = re.compile(r"PYTHONPATH|(HF|METAXL|TRANSFORMERS|PYTEST)_\w+|\w+_proxy", re.IGNORECASE)


class Forks:
    """A process that has imported `libraries`, and whose forks run commands, one after the other."""

    def __init__(self, *libraries: str):
        self.environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.server = subprocess.Popen(
            [sys.executable, SERVER, *libraries],
            **{"env": self.environment, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True},
        )

    def run(
        self, command: Sequence[object], cwd: Path, env: Mapping[str, str], merged: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run [python, "-m", module, *arguments] without input; `merged` has its errors among its output."""
        start, module, *arguments = map(str, command[1:])
        assert start == "-m", command
        other = {name for name, _ in {*env.items()} ^ {*self.environment.items()} if not OWN.fullmatch(name)}
        assert not other, f"{sorted(other)}: a command with other values of these needs a start of Python"
        with TemporaryDirectory() as folder:
            output, errors = Path(folder, "output"), Path(folder, "output" if merged else "errors")
            asked = {"module": module, "arguments": arguments, "folder": str(cwd), "environment": dict(env)}
            status = self._ask(asked | {"output": str(output), "errors": str(errors)})
            said = "" if merged else errors.read_text()
            return subprocess.CompletedProcess(command, status, output.read_text(), said)

    def _ask(self, asked: dict) -> int:
        self.server.stdin.write(json.dumps(asked) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.server.communicate()


@cache
def forks(*libraries: str) -> Forks:
    """Return the forks of a process with `libraries`, which ends with this one."""
    made = Forks(*libraries)
    atexit.register(made.close)
    return made
