"""A cell that cannot be trained costs its own places in the tables and no more: through the real workflow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_workflow import MINIATURE, Project

from metaxl.files import read_json

pytestmark = pytest.mark.slow

ROOT = "results/mini"
CELL = f"{ROOT}/cells/tiny/ner/qu/none/target/seed11"
SCORES = f"{CELL}/scores.json"
FAULTS = """
# Every training of the target-only cell is noted, and begins with what the file `fault` says.
python() {
  case "$*" in *"metaxl train "*/none/target/*)
    echo >> attempts
    if [ -f fault ]; then ( . ./fault; exec python "$@" ); return; fi;;
  esac
  command python "$@"
}
"""
KILL, END, FULL_DISK = "kill -KILL $BASHPID", "kill -TERM $BASHPID", "trap '' XFSZ; ulimit -f 1"
NER = MINIATURE["ner"] | {"targets": [{"language": "qu"}], "placements": [[2]]}
NER_ALONE = MINIATURE | {"figure": None, "ner": NER, "sentiment": {"targets": []}}
DIVERGING = MINIATURE["sentiment"]["training"] | {"learning_rate": 1.0e30, "clip_norm": 1.0e30}
ONE_DIVERGES = MINIATURE | {"ner": NER, "sentiment": MINIATURE["sentiment"] | {"training": DIVERGING}}


def project_with_faults(folder: Path, overlay: dict) -> Project:
    """Return a project whose trainings can be made to meet a fault, by a file called `fault`."""
    made = Project(folder)
    made.configure(overlay)
    with (folder / "workflow" / "rules" / "shell.sh").open("a") as file:
        file.write(FAULTS)
    return made


def attempts(project: Project) -> int:
    """Return how many trainings of the target-only cell there were since one last asked."""
    path = project.folder / "attempts"
    count = len(path.read_text().splitlines()) if path.is_file() else 0
    path.unlink(missing_ok=True)
    return count


def under(project: Project, fault: str, *arguments: str) -> tuple[int, str]:
    """Run the workflow while a fault lasts; return its exit status and what it said."""
    (project.folder / "fault").write_text(fault)
    done = project.snakemake(*arguments)
    (project.folder / "fault").unlink()
    return done.returncode, done.stdout + done.stderr


def table(project: Project, number: int) -> str:
    return (project.folder / ROOT / "tables" / f"table{number}.md").read_text()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return project_with_faults(tmp_path_factory.mktemp("failed") / "project", NER_ALONE)


def test_an_interruption_is_no_failure(project):
    """The cell has no record of any kind, and the command has no success."""
    code, _ = under(project, END, "--", SCORES)
    assert code != 0
    assert attempts(project) == 3
    assert not (project.folder / SCORES).exists()
    assert not (project.folder / CELL / "failed.json").exists()


def test_within_a_job_of_a_cluster_nothing_is_tried_again(project):
    """A second attempt there would have no more memory than the first; the Snakemake that submits jobs makes it."""
    code, _ = under(project, KILL, "--mode", "remote", "--nolock", "--", SCORES)
    assert code != 0
    assert attempts(project) == 1


def test_a_cell_that_the_system_kills_is_retried_given_up_and_retried_by_the_next_command(project):
    code, said = under(project, KILL, "--", "tables")
    assert code == 0, said
    assert attempts(project) == 3
    failed = read_json(project.folder / CELL / "failed.json")
    assert (failed["status"], failed["attempts"]) == (137, 3)
    assert failed["reason"].startswith("Killed by the system, for want of memory as a rule")
    assert f"- {CELL.removeprefix(ROOT + '/')}: {failed['reason']}" in said
    assert "1 of 3 cells failed; the next command tries again." in said
    assert failed["reason"] in table(project, 2).replace("\\", "")
    assert "cells failed" in (project.folder / ROOT / "tables" / "table2.csv").read_text()
    before = (project.folder / SCORES).read_bytes()
    assert project.planned("--", "tables")["train"] == 1
    assert (project.folder / SCORES).read_bytes() == before, "a dry run changes nothing"


def test_a_full_disk_leaves_its_sentence(project):
    """A limit of the size of a file stands for it: the training's records do not fit, its reason does."""
    code, said = under(project, FULL_DISK, "--", "tables")
    assert code == 0, said
    assert attempts(project) == 3
    assert "Tried again: 1 cell that failed before: cells/tiny/ner/qu/none/target/seed11." in said
    failed = read_json(project.folder / CELL / "failed.json")
    assert failed["status"] == 75
    assert "the file is larger than the system or a limit (ulimit -f) allows" in failed["reason"]


def test_what_succeeds_in_the_end_leaves_nothing_of_its_failures(project):
    project.run("--", "tables")
    assert attempts(project) == 1
    assert "best" in read_json(project.folder / SCORES)
    assert not (project.folder / CELL / "failed.json").exists()
    assert "failed" not in table(project, 2)
    assert "Nothing to be done" in project.run("--", "tables")


def test_damaged_data_are_named_with_their_cure_which_works(project):
    path = project.folder / ROOT / "encoded/tiny/ner/qu/train.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    shutil.rmtree(project.folder / CELL)
    attempts(project)
    project.run("--", "table2")
    assert attempts(project) == 1, "it would go wrong again in the same way"
    reason = read_json(project.folder / CELL / "failed.json")["reason"]
    assert reason.startswith(f"{ROOT}/encoded/tiny/ner/qu/train.npz: damaged (")
    assert reason.endswith("remove it, and the same command makes it again.")
    assert "train" not in project.planned("--", "table2")
    path.unlink()
    project.run("--", SCORES)
    assert "best" in read_json(project.folder / SCORES)


@pytest.fixture(scope="module")
def diverging(tmp_path_factory):
    """A project of which one task diverges, with all that can be made of it, and what the run said."""
    made = project_with_faults(tmp_path_factory.mktemp("diverging") / "project", ONE_DIVERGES)
    return made, made.run("--", "all")


def test_a_task_that_diverges_costs_its_own_places_alone(diverging):
    """All tables and the figure are made; the other task's numbers stand; the model of no cell is the best."""
    project, said = diverging
    assert "3 of 6 cells failed; a cell is tried again when its settings" in said
    assert "not finite at step" in table(project, 3)
    assert table(project, 3).count(" – |") == 3
    assert "of 6 cells failed" not in table(project, 2)
    assert " – |" not in table(project, 2)
    assert table(project, 5).count("failed: ") == 2
    told = read_json(project.folder / ROOT / "figures" / "figure1.json")
    assert "cells/tiny/sentiment/te/en/joint/seed11 failed: loss" in told["caption"]
    assert "Nothing to be done" in project.run("--", "all")


def test_a_model_of_a_failed_cell_says_that_there_is_none(diverging):
    project, _ = diverging
    folder = f"{ROOT}/cells/tiny/sentiment/te/en/joint/seed11/model"
    assert project.snakemake("--", folder, f"{ROOT}/models/sentiment/te").returncode != 0
    assert "its training failed" in read_json(project.folder / folder / "cell.json")["notes"][0]
    assert "failed" in read_json(project.folder / ROOT / "models/sentiment/te/cell.json")["notes"][0]
    for _ in range(2):  # not "Nothing to be done", however often it is asked for
        done = project.snakemake("--", f"{ROOT}/models/sentiment/te")
        assert done.returncode == 1
        assert done.stderr.rstrip().endswith(f"{ROOT}/models/sentiment/te/cell.json says why.")


def test_a_changed_setting_trains_a_diverged_cell_again(diverging):
    project, _ = diverging
    project.configure(ONE_DIVERGES | {"sentiment": MINIATURE["sentiment"]})
    assert project.planned("--", "tables")["train"] == 3
    project.configure(ONE_DIVERGES)
    assert "train" not in project.planned("--", "tables")


def test_who_names_a_failed_cell_is_told_of_it_last_and_has_it_tried_again(diverging):
    """The command fails, whatever the cell's fate was before; tables that it makes besides are made all the same."""
    project, _ = diverging
    scores = f"{ROOT}/cells/tiny/sentiment/te/none/target/seed11/scores.json"
    for table3 in (project.folder / ROOT / "tables").glob("table3.*"):
        table3.unlink()
    for _ in range(2):
        attempts(project)
        done = project.snakemake("--", scores, "table3")
        assert done.returncode == 1
        reason = read_json(project.folder / scores)["failed"]["reason"]
        assert done.stderr.rstrip().splitlines()[-1] == f"{Path(scores).parent} failed: {reason}"
        assert attempts(project) == 1
    assert (project.folder / ROOT / "tables" / "table3.md").is_file()
    assert "train" not in project.planned("--", "tables")


def test_a_strict_run_ends_with_its_first_failure(diverging):
    """No table of the task, no record of a failure; the other task's table is made all the same."""
    project, _ = diverging
    for folder in ("cells/tiny/sentiment", "tables", "scores"):
        shutil.rmtree(project.folder / ROOT / folder)
    project.configure(ONE_DIVERGES | {"strict": True})
    attempts(project)
    done = project.snakemake("--keep-going", "--", "table2", "table3")
    assert done.returncode != 0
    assert attempts(project) == 1
    assert "the command fails for it, as the configuration says strict: true" in done.stderr
    assert {path.name for path in (project.folder / ROOT / "tables").glob("*.md")} == {"table2.md"}
    assert not list((project.folder / ROOT).glob("cells/tiny/sentiment/**/*.json"))
