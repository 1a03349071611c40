"""kill -9 of Snakemake at random moments: by what is then said, the results are those of a run that nobody touched."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import make_encoder
from families import make_family
from test_recovery import gone
from test_workflow import MINIATURE, Project

from metaxl.experiment.load import merge
from metaxl.files import read_json

ROOT = Path("results", "mini")
METAXL = "cells/small/ner/qu/es/metaxl-L2/seed11"
OTHERS = [f"cells/small/ner/qu/{trained}/seed11" for trained in ("none/target", "es/joint")]
WRAPPED = METAXL.replace("small", "wrapped")
FILES = ("predictions.jsonl", "history.jsonl", "representations.npz")
MINE = {
    "checkpoint_minutes": 0.002,
    "encoders": {"small": {"folder": "small"}, "wrapped": {"folder": "wrapped"}},
    "figure": None,
    "ner": {"encoder": "small", "training": {"max_length": 32, "eval_max_length": 32}},
    "sentiment": {"targets": []},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with an encoder that the packed network serves, and one that transformers' modules serve."""
    made = Project(tmp_path_factory.mktemp("kills") / "project")
    (made.folder / "profiles").symlink_to("workflow/profiles")
    make_encoder(made.folder / "small", "xlm-roberta", dropout=0.1)
    make_family(made.folder / "wrapped", "electra", dropout=0.1)
    return made


def scores(cells):
    return [str(ROOT / cell / "scores.json") for cell in cells]


def results(project, cells):
    """Return what the cells' records say, but for what they took, and their other files byte for byte."""
    found = {}
    for cell in cells:
        folder = project.folder / ROOT / cell
        record = read_json(folder / "scores.json")
        found[cell] = (
            {key: record[key] for key in record if key != "resources"},
            [(folder / name).read_bytes() for name in FILES],
        )
    return found


def newest(project, cell):
    """Return the step of a cell's newest whole state; 0 without one."""
    states = (project.folder / ROOT / "work" / cell / "states").glob("state-*.json")
    return max((int(path.stem.removeprefix("state-")) for path in states), default=0)


def command(project, cells, **where):
    """Start the one command, as in a terminal of its own: all cells are trained at once."""
    line = [sys.executable, "-m", "snakemake", "--cores", "4", "--configfile", "mini.yaml", "--", *scores(cells)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(project.folder)}
    return subprocess.Popen(line, cwd=project.folder, env=environment, start_new_session=True, text=True, **where)


def hold(project, cell, before):
    """Stop a training that has gone on beyond the step `before`, so that it does not end meanwhile; return its pid."""
    if newest(project, cell) == before:
        return None
    pid = read_json(project.folder / ROOT / "work" / cell / "owner.json")["pid"]
    os.kill(pid, signal.SIGSTOP)
    return pid


def kill_when_all_have_gone_on(project, cells, luck):
    """Kill Snakemake at a random moment after each training has gone on; return the trainings, held, by their pids."""
    before, held = {cell: newest(project, cell) for cell in cells}, {}
    with (project.folder / "said.txt").open("w") as said:
        run = command(project, cells, stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + 120
        while len(held) < len(cells):
            told = (project.folder / "said.txt").read_text()
            assert run.poll() is None, f"it ended before it was killed; are more epochs needed? {told}"
            assert time.monotonic() < deadline, f"no state was saved: {told}"
            held |= {cell: pid for cell in cells if cell not in held and (pid := hold(project, cell, before[cell]))}
            time.sleep(0.005)
        for pid in held.values():
            os.kill(pid, signal.SIGCONT)
        time.sleep(luck.uniform(0, 0.1))
    finally:
        run.kill()
        run.wait()
    for pid in held.values():
        os.kill(pid, signal.SIGSTOP)
    return sorted(held.values())


def do_as_is_said(project, cells, left):
    """Give the same command, which is refused, and do what its last lines say: end the trainings that were left."""
    refused = command(project, cells, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = refused.communicate(timeout=120)
    assert refused.returncode == 1, said
    cure = re.search(r"keeps its state: (kill [\d ]+)\nThen: the same command\n*\Z", said)
    assert cure, said
    assert sorted(map(int, cure[1].split()[1:])) == left
    subprocess.run(cure[1].split(), check=True)
    for pid in left:
        os.kill(pid, signal.SIGCONT)
        gone(pid)


@pytest.mark.parametrize(
    ("cells", "kills"), [([METAXL], 1), pytest.param([*OTHERS, METAXL, WRAPPED], 5, marks=pytest.mark.slow)]
)
def test_kills_of_snakemake_change_nothing(project, cells, kills):
    """Target-only, joint and MetaXL training, and that of a wrapped encoder: all records are equal byte for byte."""
    training = {"ner": {"training": {"epochs": 40 + 20 * kills, "target_epochs": 80 * kills}}}
    project.configure(merge(merge(MINIATURE, MINE), training))
    project.run("--", *scores(cells))
    whole = results(project, cells)
    for cell in cells:
        shutil.rmtree(project.folder / ROOT / cell)
    luck = random.Random(kills)
    for _ in range(kills):
        do_as_is_said(project, cells, kill_when_all_have_gone_on(project, cells, luck))
        assert not any((project.folder / path).exists() for path in scores(cells)), "nothing is seen before it is whole"
    project.run("--", *scores(cells))
    assert results(project, cells) == whole
    resumed = [read_json(project.folder / path)["resources"]["resumed_at_step"] for path in scores(cells)]
    assert all(resumed), resumed
    assert not list((project.folder / ROOT / "work").rglob("*.json")), "of killed runs something is left"
