"""What docs/extending.md shows is run as it stands there: its method, its encoder and its corpus, in a clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from test_workflow import MINIATURE, Project

from metaxl.experiment.load import merge
from metaxl.files import read_json, read_jsonl

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SMALL = MINIATURE | {"figure": None}
NER = SMALL | {
    "ner": MINIATURE["ner"] | {"targets": [{"language": "qu"}], "placements": [[2]]},
    "sentiment": {"targets": []},
}
LETTERS = "+\tgood day\n-\tnot so good\n+\ta good one\n-\tbad day\n"


def block(name: str) -> str:
    """Return the code whose first line names a file."""
    (found,) = re.findall(rf"```\w+\n# {re.escape(name)}\n(.*?)```", PAGE, re.DOTALL)
    return found


class Clone(Project):
    """A copy of what a clone holds, its tests too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)

    def write(self, name: str) -> None:
        (self.folder / name).write_text(block(name).replace("results/demo", "results/mini"), encoding="utf-8")

    def insert(self, name: str, what: str, before: str) -> None:
        """Put a block into a file, before the only place that there is."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, what + before), encoding="utf-8")

    def python(self, *arguments: str, path: str = "") -> str:
        environment = os.environ | {"PYTHONPATH": f"{self.folder}:{path}", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def configure_as(self, name: str, miniature: dict) -> None:
        """Lay a configuration of the page over a miniature grid."""
        self.configure(merge(miniature, yaml.safe_load(block(name))))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("extending") / "clone")


@pytest.fixture(scope="module")
def encoder(clone):
    """The page's encoder, over the subwords of the miniature's."""
    clone.configure(NER)
    clone.run("--", "results/mini/encoders/tiny/tokenizer.json")
    clone.write("make_encoder.py")
    clone.python("make_encoder.py")


@pytest.mark.slow
def test_the_pages_method_keeps_its_law_and_becomes_a_row_of_a_table(clone):
    clone.write("metaxl/method/light.py")
    clone.write("tests/method/test_light.py")
    clone.insert(
        "metaxl/methods.py", block("metaxl/methods.py, in METHODS"), "    )\n}\n# The rows that Tables 2 and 3"
    )
    assert "1 passed" in clone.python("-m", "pytest", "-p", "no:cacheprovider", "tests/method/test_light.py")
    clone.python("tests/planning/test_reruns.py", path="tests:tests/helpers")
    reruns = (clone.folder / "tests" / "planning" / "reruns.txt").read_text(encoding="utf-8")
    assert "method.light: train (joint-light); train-wrapped (joint-light)\n" in reruns
    clone.configure_as("light.yaml", NER)
    clone.run("--", "tables")
    results = clone.folder / "results" / "mini"
    assert "JT, light source" in (results / "tables" / "table2.md").read_text(encoding="utf-8")
    told = (results / "evidence.csv").read_text(encoding="utf-8")
    assert "joint-light-joint,JT, light source - JT,exploratory" in told.replace('"', "")
    cells = results / "cells" / "tiny" / "ner" / "qu" / "en"
    light, joint = (read_json(cells / name / "seed11" / "scores.json") for name in ("joint-light", "joint"))
    assert light["provenance"]["code"] != joint["provenance"]["code"]
    assert read_jsonl(cells / "joint-light" / "seed11" / "history.jsonl")[0]["source_loss"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("encoder")
def test_the_pages_encoder_trains_a_cell(clone):
    clone.configure_as("encoder.yaml", NER)
    (asked,) = re.findall(r"encoder\.yaml -- results/demo/(cells/mine/\S+)", PAGE)
    clone.run("--", f"results/mini/{asked}")
    assert read_json(clone.folder / "results" / "mini" / asked)["provenance"]["network"] == "wrapped"


@pytest.mark.slow
@pytest.mark.usefixtures("encoder")
def test_the_pages_corpus_becomes_a_column_of_a_table(clone, tmp_path, monkeypatch):
    clone.write("metaxl/data/corpora/letters.py")
    clone.insert("workflow/data/registry.yaml", block("workflow/data/registry.yaml, under corpora"), "  masakhaner:\n")
    clone.insert("workflow/schemas/config.schema.yaml", "letters, ", "sentiraama, sentipers, reviews]")
    for split in ("train", "dev", "test"):
        place = tmp_path / "letters" / "lug" / f"{split}.tsv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(LETTERS.replace("day", split), encoding="utf-8")
    monkeypatch.setenv("METAXL_MIRROR", str(tmp_path))
    clone.configure_as("letters.yaml", SMALL)
    assert "letters" in clone.python("-m", "metaxl", "check", "--configfile", clone.overlay.name)
    clone.run("--", "table3")
    results = clone.folder / "results" / "letters"
    assert "lug" in (results / "tables" / "table3.csv").read_text(encoding="utf-8").splitlines()[0]
    assert [record["label"] for record in read_jsonl(results / "data" / "sentiment" / "lug" / "train.jsonl")] == [
        "positive", "negative", "positive", "negative",
    ]  # fmt: skip


@pytest.mark.slow  # after the test that writes the reader
def test_a_line_of_another_form_is_told_with_its_place(clone, tmp_path):
    """The page asks it of every reader."""
    (tmp_path / "dev.tsv").write_text("+\tgood\nbad\n", encoding="utf-8")
    code = (
        "from pathlib import Path; from metaxl.data.corpora.letters import read; from metaxl.errors import DataError\n"
        f"try:\n    read(Path({str(tmp_path)!r}), 'lug', 'dev')\nexcept DataError as error:\n    print(error)"
    )
    assert "dev.tsv:2: expected + or -, a tab and a text, found 'bad'." in clone.python("-c", code)
