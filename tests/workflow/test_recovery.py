"""A run that is cut off, however, goes on by the same command, or by the one command that is then named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cut_off import gone, under_way, with_group
from test_workflow import CELL, MINIATURE, ROOT, Project

from metaxl.experiment.load import merge
from metaxl.files import read_json
from metaxl.planning.living import RUNS
from metaxl.planning.screen import GOES_ON

pytestmark = pytest.mark.slow
SCORES = f"{CELL}/scores.json"
WORKSPACE = CELL.replace("mini", str(Path("mini", "work")), 1)
LONG = merge(MINIATURE, {"checkpoint_minutes": 0.01, "ner": {"training": {"epochs": 150}}})


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Return a project with all that a cell is trained from."""
    project = Project(tmp_path_factory.mktemp("cut off") / "project")
    (project.folder / "profiles").symlink_to("workflow/profiles")
    project.run("--until", "encode_target", "encode_source", "encoder", "--", SCORES)
    project.configure(LONG)
    return project


def metaxl(project, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "metaxl", *arguments],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(project.folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def goes_on(project):
    """Run the same command; return what it says."""
    said = project.run("--", SCORES)
    record = read_json(project.folder / SCORES)
    assert record["resources"]["resumed_at_step"] > 0
    assert not list((project.folder / ".snakemake" / "locks").glob("*.lock"))
    (project.folder / SCORES).unlink()
    return said


def test_after_a_dropped_terminal_the_same_command_goes_on(ready):
    """HUP goes to the whole group: Snakemake dies at once and leaves its lock, the training saves its state."""
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        with_group(run, signal.SIGHUP)
        run.wait(60)
        gone(training)
        assert list((ready.folder / ".snakemake" / "locks").glob("*.lock"))
        said = goes_on(ready)
    assert f"process {run.pid} on" in said
    assert "its lock is removed" in said


def test_after_a_power_cut_the_same_command_goes_on(ready):
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        with_group(run, signal.SIGKILL)
        run.wait(60)
        gone(training)
        assert "its lock is removed" in goes_on(ready)


def test_after_a_kill_of_snakemake_alone_what_to_do_with_its_training_is_said(ready):
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        os.kill(training, signal.SIGSTOP)  # so that it does not end meanwhile
        assert metaxl(ready, "unlock").returncode == 1  # while it runs
        run.kill()
        run.wait(60)
        refused = ready.snakemake("--", SCORES)
        assert refused.returncode != 0
        cure = re.search(r"keeps its state: (kill \d+)\nThen: the same command\n*\Z", refused.stderr)
        assert cure, refused.stderr
        assert cure[1] == f"kill {training}"
        unlocked = metaxl(ready, "unlock")
        assert unlocked.returncode == 1
        assert f"process {training} on" in unlocked.stderr
        assert WORKSPACE in unlocked.stderr
        subprocess.run(cure[1].split(), check=True)
        os.kill(training, signal.SIGCONT)
        gone(training)
        goes_on(ready)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_in_few_lines_the_last_of_which_says_what_goes_on(ready, number):
    """Ctrl-C goes to the whole group, and so does the TERM of a machine that is shut down."""
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        with_group(run, number)
        assert run.wait(60) == 1
        gone(training)
    said = (ready.folder / "said.txt").read_text()
    after = said[said.index("resources: ") :].splitlines()[1:]
    assert after[-2:] == [GOES_ON, ""] or after[-1] == GOES_ON
    assert len(after) < 12, after
    assert max(map(len, after)) < 200, "no command is shown"
    goes_on(ready)


def test_a_second_run_is_told_of_the_first(ready):
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        os.kill(training, signal.SIGSTOP)
        second = ready.snakemake("--", SCORES)
        assert second.returncode != 0
        last = second.stderr[second.stderr.index("Nothing was done") :]
        assert last.startswith(f"Nothing was done: another run works in this folder:\n  process {run.pid} on")
        assert "IncompleteFiles" not in second.stderr
        refused = metaxl(ready, "unlock")
        assert refused.returncode == 1
        assert f"process {run.pid} on" in refused.stderr
        assert "--configfile mini.yaml" in refused.stderr
        assert "No lock" not in ready.run("--dry-run", "--", SCORES)
        os.kill(training, signal.SIGCONT)
        with_group(run, signal.SIGTERM)
        run.wait(120)
    assert metaxl(ready, "unlock").returncode == 0
    (ready.folder / SCORES).unlink(missing_ok=True)


def test_a_run_of_other_files_leaves_the_lock_of_the_first(ready):
    """It may run beside it, to its end or to a refusal; one of the same files is refused afterwards as before."""
    other = MINIATURE | {"name": "other"}
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        os.kill(training, signal.SIGSTOP)
        locks = sorted((ready.folder / ".snakemake" / "locks").glob("*.lock"))
        (about,) = (read_json(path) for path in (ready.folder / RUNS).glob("*.json"))
        assert sorted(ready.folder / lock for lock in about["locks"]) == locks
        ready.configure(other)
        try:
            for _ in ("it makes the file", "there is nothing to do"):
                said = ready.run("--", "results/other/config.json")
                assert sorted((ready.folder / ".snakemake" / "locks").glob("*.lock")) == locks
            assert "Nothing to be done" in said
            assert ready.snakemake("--", "results/other/nothing").returncode != 0
        finally:
            ready.configure(LONG)
        assert f"Nothing was done: another run works in this folder:\n  process {run.pid} on" in (
            ready.snakemake("--", SCORES).stderr
        )
        with_group(run, signal.SIGKILL)
        run.wait(60)
        gone(training)
    goes_on(ready)


def test_a_lock_of_nobody_ends_with_the_one_command_that_is_of_use(ready):
    with under_way(ready, CELL, WORKSPACE) as (run, training):
        with_group(run, signal.SIGKILL)
        run.wait(60)
        gone(training)
    for path in (ready.folder / RUNS).glob("*.json"):
        path.unlink()
    refused = ready.snakemake("--", SCORES)
    assert refused.returncode != 0
    assert refused.stderr.rstrip().splitlines()[-1] == "If nothing runs any more: metaxl unlock"
    assert metaxl(ready, "unlock").returncode == 0
    goes_on(ready)


def test_the_default_profile_is_found_wherever_the_work_is_done(ready, tmp_path):
    """Snakemake looks beside the Snakefile: from its folder, from another one, and with --directory."""
    for place, more in ((ready.folder, []), (tmp_path, ["--snakefile", str(ready.folder / "Snakefile")])):
        for directory in ([], ["--directory", str(tmp_path / "elsewhere")]):
            done = subprocess.run(
                [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", *more, *directory, "--", "table2"],
                cwd=place,
                env=os.environ | {"PYTHONPATH": str(ready.folder)},
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            assert re.search(r"workflow specific profile .*profiles/default", done.stderr), done.stderr


def test_every_cell_is_told_as_it_is_trained_and_nothing_where_silence_is_asked_for(ready):
    said = ready.run("--quiet", "rules", "--", SCORES)
    assert re.search(r"^1/1 ner qu es metaxl-L2 seed11 dev \d+\.\d in \d+ s$", said, re.MULTILINE)
    (ready.folder / SCORES).unlink()
    assert ready.run("--quiet", "all", "--", SCORES).splitlines()[1:] == []


def test_a_clock_that_is_behind_the_data_is_told_before_the_first_job(ready):
    """Else Snakemake trains the cell to its end, and then removes it."""
    data = next((ready.folder / "results/mini/encoded").rglob("train.npz"))
    (ready.folder / SCORES).unlink(missing_ok=True)
    now = data.stat().st_mtime
    os.utime(data, (now + 1e5, now + 1e5))
    try:
        said = ready.snakemake("--", SCORES).stderr
    finally:
        os.utime(data, (now, now))
    assert said.index("newer than this machine's clock") < said.index("rule train:")
    assert not (ready.folder / SCORES).exists()


def test_the_project_has_the_link_to_its_profiles():
    assert (ROOT / "profiles" / "default" / "config.yaml").is_file()
