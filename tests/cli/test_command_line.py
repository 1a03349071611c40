"""The command line: what it lists, how fast it answers, how it ends, how a shell completes it."""

from __future__ import annotations

import argparse
import errno
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metaxl import __version__
from metaxl.cli import people, reports, rules
from metaxl.cli.main import main
from metaxl.cli.parser import CALLED, make_parser
from metaxl.errors import OF_MACHINE, DataError
from metaxl.training.owner import ReplacedError

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "metaxl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)


def names(commands) -> list[str]:
    return [command.__name__.replace("_", "-") for command in commands]


def test_help_lists_what_people_need_first_and_each_command_once():
    first, second = make_parser().format_help().split(CALLED)
    listed = re.findall(r"^    (\w[\w-]*)", first, re.MULTILINE)
    assert listed[:8] == ["check", "init", "status", "estimate", "predict", "compare", "power", "unlock"]
    assert listed == [*names(people.COMMANDS), *people.GROUPS]
    assert re.findall(r"[\w-]+", second) == names((*rules.COMMANDS, *reports.COMMANDS))


def test_every_argument_says_what_it_is():
    """Of the commands for people, those of two words too."""

    def arguments(name: str, parser: argparse.ArgumentParser) -> None:
        for argument in parser._actions:
            if isinstance(argument, argparse._SubParsersAction):
                for command, sub in argument.choices.items():
                    arguments(f"{name} {command}", sub)
            else:
                assert argument.help, f"{name} {argument.dest}"

    arguments("metaxl", make_parser(everything=False))


def test_help_takes_a_moment_and_loads_no_library_that_computes():
    """0.3 s of a core: who types a command waits for no torch."""
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 0.3
    code = (
        "import sys; sys.argv[1:] = ['--help']\ntry:\n    from metaxl.cli.main import main; main()\n"
        "except SystemExit:\n    heavy = {'torch', 'numpy', 'pandas', 'scipy', 'transformers', 'requests', 'shtab'}\n"
        "    sys.exit(' '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_version():
    assert run("--version").stdout == f"metaxl {__version__}\n"


def raising(error: BaseException):
    def act(monkeypatch) -> int:
        def unlock() -> None:
            raise error

        monkeypatch.setattr(people, "COMMANDS", (unlock,))
        return main(["unlock"])

    return act


def misused(monkeypatch) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["predict"])
    return int(ended.value.code)


def read_by_nobody(monkeypatch) -> int:
    """Run a command whose reader has gone before it answers."""
    out, pipe = os.pipe()
    os.close(out)
    command = [sys.executable, "-m", "metaxl", *POWER]
    done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(pipe)
    assert done.stderr == ""
    return done.returncode


POWER = ("power", "--languages", "8", "--seeds", "2", "--sentences", "100")
ENDS = {
    0: lambda monkeypatch: run(*POWER).returncode,
    1: raising(DataError("no such thing")),
    2: misused,
    OF_MACHINE: raising(OSError(errno.ENOSPC, "No space left on device")),
    76: raising(ReplacedError("another process trains this cell")),
    128 + signal.SIGINT: raising(KeyboardInterrupt()),
    128 + signal.SIGPIPE: read_by_nobody,
}


def test_exit_codes_are_those_of_the_page(monkeypatch):
    """Each of the page happens, and the page has no other."""
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)] == list(ENDS)
    for code, end in ENDS.items():
        with monkeypatch.context() as patched:
            assert end(patched) == code


def test_an_interrupted_command_says_nothing():
    """Ctrl-C of one that waits for a line."""
    code = "from metaxl.predicting.lines import read_lines\nimport sys\nlist(read_lines(sys.stdin.buffer, 'x'))"
    wrapped = (
        # A process that a shell has started in the background may be deaf to Ctrl-C, and its children with it.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, metaxl.cli.people as people, metaxl.cli.main as main\n"
        f"def unlock():\n    print('ready', flush=True)\n    exec({code!r})\n"
        "people.COMMANDS = (unlock,)\nsys.exit(main.main(['unlock']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", wrapped],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")


ASK = """
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"
$(complete -p metaxl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    script = run("completion", "bash", check=True).stdout
    last = ' ""' if words.endswith(" ") else ""
    whole = f"{script}\nCOMP_WORDS=({words}{last})\n{ASK}"
    done = subprocess.run(["bash", "-c", whole], capture_output=True, text=True, cwd=ROOT)
    return sorted(filter(None, map(str.strip, done.stdout.split("\n"))))


@pytest.mark.parametrize(("words", "offered"), [
    ("metaxl pr", ["predict"]),
    ("metaxl s", ["status"]),
    ("metaxl predict --fo", ["--format"]),
    ("metaxl predict --format ", ["conll", "json", "text"]),
    ("metaxl encoder ", ["convert"]),
    ("metaxl predict pypro", ["pyproject.toml"]),
])  # fmt: skip
def test_bash_completes_commands_options_values_and_paths(words, offered):
    """Those of people; the rules' are left out."""
    assert completed(words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_every_shell_has_its_completion(shell):
    done = run("completion", shell)
    assert done.returncode == 0
    assert "predict" in done.stdout
    assert "give-up" not in done.stdout


def test_every_command_of_the_page_can_be_parsed():
    """And the page has every command for people."""
    shown = re.findall(r"^\| `metaxl ([^`]+)`", COMMANDS, re.MULTILINE)
    for words in shown:
        make_parser().parse_args(words.replace("SHELL", "bash").split())
    assert {words.split()[0] for words in shown} == {*names(people.COMMANDS), *people.GROUPS}
