"""A program that imports libraries once, and forks itself for each command that is asked of it.

Standard input brings a line of JSON for each command, and standard output takes its exit status; forks.py is the other
end. A command meets what `python -m` would give it, but for the libraries, which are there already.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import sys
from importlib import import_module

PATIENCE = 120  # seconds, after which a command is ended
READ_AT_IMPORT = ("metaxl", "huggingface_hub")  # they look at the folder or the environment, which are a command's own


def serve() -> dict | None:
    """Fork for each command that is asked for; return it in its fork, and None in the server when no more come."""
    asked, told, nothing = os.dup(0), os.dup(1), os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    os.close(nothing)
    with open(asked) as lines:
        while line := lines.readline():
            if child := os.fork():
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                os.write(told, f"{status}\n".encode())
                continue
            os.close(told)
            return json.loads(line)
    return None


def run(command: dict) -> None:
    """Run a module with the output, folder, environment, path and arguments of a command; it ends as it would."""
    for number, path in ((1, command["output"]), (2, command["errors"])):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    signal.alarm(PATIENCE)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.path[:0] = [os.getcwd(), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = command["arguments"]
    status = 1  # after any other error, as Python has it
    try:
        runpy.run_module(command["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code or 0 if isinstance(ended.code, int | None) else 1
        raise
    finally:
        leave.status = status


def leave() -> None:
    """End a fork when all else is done: to clear away what the libraries hold takes longer than most commands."""
    if leave.status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leave.status)


leave.status = None

if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, which no command would have there
    atexit.register(leave)  # the first to be registered is the last to be called
    for library in sys.argv[1:]:
        import_module(library)
    loaded = sorted(set(READ_AT_IMPORT) & set(sys.modules))
    if loaded:
        sys.exit(f"{', '.join(loaded)}: a command itself must import it")
    if asked := serve():
        run(asked)
