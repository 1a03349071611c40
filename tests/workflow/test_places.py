"""Where a run may stand: folders of any name, other working folders, deployment methods. The job reads a data file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import checkout
import pytest
import yaml
from checkout import copy_checkout

from metaxl.files import read_jsonl

NAMES = {
    "quotes": 'O\'Brien "q" ü语',
    "commands": "$(touch pwned) `touch pwned`; touch pwned",
    "lines and globs": "new\nline\t*? \\ #x %s",
}
TARGET = "results/mine/data/ner/lug/dev.jsonl"
WITHOUT_PYTHON = "/usr/bin:/bin"


@pytest.fixture
def write_experiment(encoders):
    """Return a function that writes mine.yaml, one language's data and an encoder folder below a folder."""
    return partial(write_files, encoders["xlm-roberta"])


def write_files(encoder: Path, folder: Path, data: str) -> None:
    for split in ("train", "dev", "test"):
        place = folder / data / f"{split}.tsv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{split}\tB-PER\nmu\tO\n")
    shutil.copytree(encoder, folder / "my encoder")
    mine = {
        "preset": "paper",
        "name": "mine",
        "figure": None,
        "encoders": {"mine": {"folder": "my encoder"}},
        "files": {"ner": {"lug": data, "en": data}},
        "ner": {
            **{"encoder": "mine", "targets": [{"language": "lug"}], "source_size": 1},
            **{"placement": [2], "placements": [[2]], "training": {"max_length": 32, "eval_max_length": 32}},
        },
        "sentiment": {"targets": []},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))


def run(folder: Path, *command: str | Path, path: str = "", package: Path | None = None) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PATH": path} if path else {}
    environment |= {"PYTHONPATH": str(package)} if package else {}
    whole = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def snakemake(folder: Path, *options: str | Path, **settings) -> str:
    """Make the dev set from `folder`; return what was said, after the words "rc" and the exit status."""
    command = ("snakemake", "--cores", "1", *options, "--configfile", "mine.yaml", "--", TARGET)
    done = run(folder, *command, **settings)
    return f"rc {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("kind", NAMES)
def test_no_name_of_a_folder_stops_a_run_or_is_run(tmp_path, write_experiment, kind):
    """The project's folder and the data's are called alike; nothing of either reaches a shell unquoted."""
    project = copy_checkout(tmp_path / NAMES[kind])
    write_experiment(project, f"data/{NAMES[kind]}")
    said = snakemake(project)
    assert said.startswith("rc 0\n"), said
    assert [record["tokens"] for record in read_jsonl(project / TARGET)] == [["dev", "mu"]]
    assert not list(tmp_path.rglob("pwned"))


def test_a_project_below_a_brace_is_told_to_move(tmp_path, write_experiment):
    project = copy_checkout(tmp_path / "br{ac}es")
    write_experiment(project, "data")
    said = snakemake(project, "--dry-run")
    assert said.startswith("rc 1\n")
    assert f"{project}: rename the folder; Snakemake cannot run a project below a brace." in said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_checkout(tmp_path_factory.mktemp("places") / "project")


@pytest.mark.parametrize("way", ["-s", "--directory"])
@pytest.mark.parametrize("own", [False, True], ids=["the shipped config.yaml alone", "one's own over it"])
def test_the_shipped_configuration_lies_beneath_wherever_one_runs(project, tmp_path, write_experiment, way, own):
    """Paths of the user's files are those of the working folder; a config.yaml there lies over the shipped one."""
    write_experiment(tmp_path, "data")
    if own:
        (tmp_path / "config.yaml").write_text("seeds: [3]\nname: other\n")
    options = ("-s", project / "Snakefile") if way == "-s" else ("--directory", tmp_path)
    folder = tmp_path if way == "-s" else project
    if way == "--directory":
        shutil.copy(tmp_path / "mine.yaml", project)
    settings = "results/mine/config.json"
    done = run(folder, "snakemake", "--cores", "1", *options, "--configfile", "mine.yaml", "--", TARGET, settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [record["tokens"] for record in read_jsonl(tmp_path / TARGET)] == [["dev", "mu"]]
    effective = yaml.safe_load((tmp_path / settings).read_text())
    assert effective["seeds"] == ([3] if own else [11, 12, 13, 14, 15])
    assert effective["ner"]["source"] == "en", "the shipped config.yaml alone says so"


def test_check_reads_the_configuration_that_a_run_reads(project, tmp_path, write_experiment):
    """From another folder too: without a config.yaml there, and with one that is wrong."""
    write_experiment(tmp_path, "data")
    check = ("metaxl", "check", "--configfile", "mine.yaml")
    first = run(tmp_path, *check, package=project)
    assert "'source' is missing" not in first.stdout + first.stderr
    (tmp_path / "config.yaml").write_text("seeds: [-1]\n")
    second = run(tmp_path, *check, package=project)
    assert second.returncode == 1
    assert "seeds.0: -1 is less than the minimum of 0." in second.stderr


@pytest.mark.parametrize("method", ["apptainer", "env-modules"])
def test_without_an_environment_of_its_own_a_job_runs_the_python_of_snakemake(
    project, tmp_path, write_experiment, method
):
    """No rule names a container or a module, so these methods bring no Python; the PATH here has none either."""
    write_experiment(tmp_path, "data")
    said = snakemake(tmp_path, "-s", project / "Snakefile", "--sdm", method, path=WITHOUT_PYTHON)
    assert said.startswith("rc 0\n"), said


def test_a_key_that_stands_twice_stops_a_run(project, tmp_path, write_experiment):
    """Snakemake itself takes the last one."""
    write_experiment(tmp_path, "data")
    with (tmp_path / "mine.yaml").open("a") as overlay:
        overlay.write("seeds: [1]\nseeds: [2]\n")
    said = snakemake(tmp_path, "-s", project / "Snakefile", "--dry-run")
    assert said.startswith("rc 1\n")
    assert "'seeds' stands in lines" in said


def test_a_copy_of_the_checkout_leaves_out_what_others_are_writing_beside_it(tmp_path, monkeypatch):
    for name in ("metaxl/__pycache__", "workflow", "envs"):
        (tmp_path / "root" / name).mkdir(parents=True)
    kept = ["Snakefile", "config.yaml", "metaxl/__pycache__/code.cpython-311.pyc", "metaxl/__pycache__/digests.json"]
    for name in kept:
        (tmp_path / "root" / name).write_text(name)
    for name in (".digests-7-a.json", "code.cpython-311.pyc.140235"):  # in the list, and gone when it is to be copied
        (tmp_path / "root/metaxl/__pycache__" / name).symlink_to("gone")
    monkeypatch.setattr(checkout, "ROOT", tmp_path / "root")
    monkeypatch.setattr(checkout, "_started", lambda: None)
    folder = checkout.copy_checkout(tmp_path / "copy")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == kept
