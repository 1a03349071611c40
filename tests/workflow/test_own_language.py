"""The page on one's own language, walked: its commands one after another, from a file of sentences to labelled text."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml
from own import sentences, write_conll
from test_extending import Clone
from test_workflow import MINIATURE, ROOT

from metaxl.experiment.load import merge

PAGE = (ROOT / "docs" / "own-language.md").read_text(encoding="utf-8")
TOOLS = """
set -eu
metaxl() { "$PYTHON" -m metaxl "$@"; }
snakemake() { "$PYTHON" -m snakemake "$@"; }
"""
QUICK = {
    "seeds": [11],
    "files": {"ner": {"lug": {"path": "my.tsv", "folds": 3}}},
    "ner": {"placements": [[2]], "training": {"epochs": 1, "target_epochs": 1, "min_steps": 0, "bottleneck": 4}},
}


def commands(text: str) -> list[str]:
    return re.findall(r"^    ((?:metaxl|snakemake|cp) .*)", text, re.MULTILINE)


@pytest.mark.slow
def test_the_walk_leads_to_labelled_text(tmp_path):
    """Without a network, by the page's own last lines; the proposal is edited once, to fewer and shorter trainings."""
    clone = Clone(tmp_path / "clone")
    clone.configure(MINIATURE)
    clone.run("--", "results/mini/encoders/tiny/tokenizer.json")
    (clone.folder / "results" / "demo").symlink_to("mini")
    write_conll(clone.folder / "my.tsv", sentences(30))
    write_conll(clone.folder / "en.tsv", sentences(40, seed=6))
    (clone.folder / "new.txt").write_text("Nakato mu Gulu.\n", encoding="utf-8")
    walk, trial = PAGE.split("## A trial without a network")
    proposal, *rest = [one for one in commands(walk) if "--watch" not in one]
    assert proposal.startswith("metaxl init my.tsv --language lug --source en >")
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(clone.folder), "OMP_NUM_THREADS": "1"}

    def run(command: str) -> str:
        about = {"cwd": clone.folder, "env": environment, "capture_output": True, "text": True, "timeout": 900}
        done = subprocess.run(["bash", "-c", TOOLS + command], **about)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for command in commands(trial):
        run(command)
    mine = clone.folder / "mine.yaml"
    mine.write_text(yaml.safe_dump(merge(yaml.safe_load(mine.read_text(encoding="utf-8")), QUICK)), encoding="utf-8")
    said = {command: run(command) for command in rest}
    kinds = [command.split()[1] for command in rest]
    assert kinds == ["check", "estimate", "--cores", "--cores", "--configfile", "predict", "predict"]
    assert "<html" in (clone.folder / "results" / "lug-ner" / "report.html").read_text(encoding="utf-8")
    results = clone.folder / "results" / "lug-ner"
    for path in re.findall(r"^\| `((?:tables|evidence)\S*?)` \|", PAGE, re.MULTILINE):
        assert (results / path).stat().st_size > 50, path
    assert list(results.glob("cells/**/predictions.jsonl"))
    assert (results / "models" / "ner" / "lug" / "README.md").is_file()
    (labelled,) = [said[command] for command in rest if command.endswith("< new.txt")]
    assert re.sub(r"\[\w+ ([^\]]*)\]", r"\1", labelled) == "Nakato mu Gulu.\n"
    assert '"tokens"' in (clone.folder / "labelled.jsonl").read_text(encoding="utf-8")
