"""What a cluster is asked for: trainings and nothing of seconds; profiles that say what a site must set."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from experiments import ROOT, experiment, plan_of

from metaxl.experiment.schema import read_yaml
from metaxl.planning.plans import Plans

SUBMITTED = {"train", "model", "best_model"}
PROFILES = {
    name: read_yaml(ROOT / "workflow" / "profiles" / name / "config.yaml") for name in ("slurm", "cluster-generic")
}


def rules_and_local():
    texts = [
        path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *(ROOT / "workflow").glob("rules/*.smk")]
    ]
    rules = {name for text in texts for name in re.findall(r"^(?:rule|use rule \w+ as) (\w+)", text, re.M)}
    blocks = [block for text in texts for block in re.findall(r"^localrules:\n((?:    \w+,\n)+)", text, re.M)]
    return rules, {name for block in blocks for name in re.findall(r"\w+", block)}


def test_trainings_alone_are_submitted():
    rules, local = rules_and_local()
    assert rules - local == SUBMITTED | {"pretrained_encoder"}
    assert local <= rules


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_gives_a_gpu_to_what_trains_and_to_nothing_else(name):
    profile = PROFILES[name]
    assert set(profile["set-resources"]) == SUBMITTED
    assert all(resources["gpu"] == 1 for resources in profile["set-resources"].values())
    assert not profile["default-resources"].get("gpu")
    assert profile["executor"] == name
    for setting in ("keep-going", "rerun-incomplete", "retries"):
        assert profile[setting]


def test_the_lock_pins_the_executors_of_the_profiles():
    lock = (ROOT / "envs" / "cluster.lock").read_text(encoding="utf-8")
    for name in PROFILES:
        assert re.search(rf"^snakemake-executor-plugin-{name}==\d", lock, re.M)


def test_encoders_are_pretrained_elsewhere_than_others_are_made():
    """Each encoder has one rule; a name that stands for two kinds follows the active configuration."""
    assert Plans(experiment()).pretrained() == ["tiny"]
    assert Plans(experiment(name="mine")).pretrained() == ["tiny"]
    hub = experiment(encoders={"tiny": {"hub": "xlm-roberta-base"}})
    assert Plans(hub).pretrained() == []


def test_where_it_is_trained_makes_no_other_experiment():
    """Neither a file that a rule reads nor a cell's settings say it."""
    one, other = plan_of(), plan_of(device="gpu")
    assert other.config.device == "gpu"
    assert one.content("config") == other.content("config")
    assert one.content("asked/cells") == other.content("asked/cells")


STATES = {
    "COMPLETED": "success", "RUNNING": "running", "PENDING": "running", "CANCELLED": "failed", "TIMEOUT": "failed",
    "NODE_FAIL": "failed", "OUT_OF_MEMORY": "failed", "CANCELLED by 1000": "failed",
}  # fmt: skip


def status(folder: Path, **commands: str) -> str:
    """Ask status.sh on a cluster whose commands do what is given."""
    for name in ("squeue", "sacct", "scontrol"):
        command = folder / name
        command.write_text(f"#!/bin/sh\n{commands.get(name, 'exit 1')}\n", encoding="utf-8")
        command.chmod(0o755)
    script = ROOT / "workflow" / "profiles" / "cluster-generic" / "status.sh"
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run([script, "7"], env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("teller", ["squeue", "sacct"])
@pytest.mark.parametrize("state", STATES)
def test_the_state_of_a_job_is_told_by_the_controller_or_by_accounting(tmp_path, teller, state):
    assert status(tmp_path, **{teller: f"echo '{state}'"}) == STATES[state]


@pytest.mark.parametrize(("controller", "told"), [("UP", "failed"), ("DOWN", "running")])
def test_a_job_that_nobody_knows_has_failed_unless_nobody_answers(tmp_path, controller, told):
    assert status(tmp_path, scontrol=f"echo 'Slurmctld(primary) at c1 is {controller}'") == told
