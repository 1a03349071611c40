"""`metaxl predict` as a process: how fast it starts, what it holds in memory, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kept import keep_cell

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return keep_cell(tmp_path_factory.mktemp("kept"), "ner", "xlm-roberta")


def command(model: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "metaxl", "predict", str(model), *options]


@pytest.fixture(scope="module")
def answered(kept):
    """Return what a process says of one line that no ASCII terminal can show; it fails over what it need not load."""
    code = (
        "import sys; from metaxl.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'datasets', 'seqeval', 'pandas', 'transformers'} "
        "| {'sklearn', 'scipy', 'matplotlib', 'huggingface_hub'}; "
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *command(kept.model)[3:]],
        input="état 北京\n".encode(),
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        cwd=ROOT,
    )


def test_it_starts_without_what_it_does_not_need(answered):
    """Libraries of data sets, scores and models, which take seconds to load."""
    assert (answered.returncode, answered.stderr) == (0, b"")
    assert answered.stdout.count(b"\n") == 1


def test_answers_are_utf_8_whatever_the_terminal_is(answered):
    assert answered.returncode == 0, answered.stderr
    assert "état" in answered.stdout.decode("utf-8")


def test_a_reader_that_goes_away_is_no_error(kept):
    """As `head` does: it ends like any program whose pipe was closed, and says nothing."""
    process = subprocess.Popen(
        command(kept.model), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    lines = b"w1 w2 w3\n" * 20_000
    out, err = os.pipe()
    os.close(out)
    os.close(err)
    process.stdout.close()
    try:
        process.stdin.write(lines)
        process.stdin.close()
    except BrokenPipeError:
        pass
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 128 + signal.SIGPIPE
    assert said == b""


@pytest.mark.slow
def test_memory_is_constant(kept):
    """Twenty times the lines take no more memory."""
    code = (
        "import resource, sys; from metaxl.cli.main import main; code = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )
    peaks = []
    for count in (2_000, 40_000):
        done = subprocess.run(
            [sys.executable, "-c", code, *command(kept.model)[3:]],
            input="w1 w2 w3 w4\n" * count,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        assert done.stdout.count("\n") == count
        peaks.append(int(done.stderr))
    assert peaks[1] < 1.05 * peaks[0]
