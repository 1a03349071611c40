"""Adding a method is one entry in the registry and one function: a toy runs from there to a row of Table 2."""

from __future__ import annotations

from test_workflow import MINIATURE, Project

from metaxl.files import read_json, read_jsonl

ENTRY = """
METHODS["half-speed"] = Method(
    name="half-speed",
    label="JT at half speed",
    step="metaxl.method.half_speed:half_speed_step",
    takes=("source+half",),
    reads=ALWAYS | {"epochs", "target_split"},
)
"""
STEP = '''
"""Joint training on half of each target batch, at half the rate."""

from metaxl.method.plain import plain_step


def half_speed_step(learner, rates, batch):
    """Step as joint training does, half as far."""
    return plain_step(learner, rates._replace(theta=rates.theta / 2), batch)
'''


def test_a_toy_method_becomes_a_row_of_a_table(tmp_path):
    project = Project(tmp_path / "toy")
    with (project.folder / "metaxl" / "methods.py").open("a", encoding="utf-8") as registry:
        registry.write(ENTRY)
    (project.folder / "metaxl" / "method" / "half_speed.py").write_text(STEP, encoding="utf-8")
    ner = MINIATURE["ner"] | {"targets": [{"language": "qu"}], "placements": [[2]]}
    project.configure(
        MINIATURE | {"figure": None, "controls": ["half-speed"], "ner": ner, "sentiment": {"targets": []}}
    )
    project.run("--", "tables")
    results = project.folder / "results" / "mini"
    assert "JT at half speed" in (results / "tables" / "table2.md").read_text(encoding="utf-8")
    told = (results / "evidence.csv").read_text(encoding="utf-8")
    assert "half-speed-joint,JT at half speed - JT,exploratory" in told
    cells = results / "cells" / "tiny" / "ner" / "qu" / "en"
    toy, joint = (read_json(cells / name / "seed11" / "scores.json") for name in ("half-speed", "joint"))
    assert toy["provenance"]["code"] != joint["provenance"]["code"]
    assert read_jsonl(cells / "half-speed" / "seed11" / "history.jsonl")[0]["loss"] > 0
