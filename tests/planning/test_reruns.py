"""Which rules, and which methods' cells, an edit to a module reruns: a golden table over all modules.

It is read off the digests that the rules hold. Where reruns.txt is to change, write it anew with
`PYTHONPATH=.:tests/helpers python tests/planning/test_reruns.py` and read the difference: each line is what a typo in
that module costs.
"""

from __future__ import annotations

import re
from pathlib import Path

from experiments import metaxl_cell, plan_of

from metaxl import provenance
from metaxl.data.read import reader_module
from metaxl.encoder.open import PACKED, WRAPPED
from metaxl.experiment.schema import SCHEMA_PATH, read_yaml
from metaxl.experiment.spec import Recipe
from metaxl.methods import METHODS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("reruns.txt")
CORPORA = ("files", *read_yaml(SCHEMA_PATH)["$defs"]["corpus"]["enum"])


def rule_modules() -> dict[str, list[str]]:
    """Return the modules whose digest a rule holds, for the rules that name them themselves."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
    bodies = {name: body for text in texts for name, body in re.findall(r"^rule (\w+):\n((?: .*\n|\n)*)", text, re.M)}
    return {name: found for name, body in bodies.items() if (found := re.findall(r'\bdigest\("([\w.]+)"\)', body))}


def asked_digests(monkeypatch, act) -> set[str]:
    """Return the modules whose digest `act` asks for."""
    asked: set[str] = set()
    monkeypatch.setattr("metaxl.provenance.digest", lambda module: asked.add(module) or module)
    monkeypatch.setattr("metaxl.planning.code._kept", lambda _, make: make())
    act()
    monkeypatch.undo()
    return asked


def roots() -> dict[str, list[str]]:
    """Return, for each rule and each kind of cell, the modules that its digest begins with."""
    found = rule_modules()
    found |= {f"data {corpus}": ["metaxl.data.read", "metaxl.data.facts", reader_module(corpus)] for corpus in CORPORA}
    found |= {"encoder pretrain": ["metaxl.demo.encoder"]}
    for name, method in METHODS.items():
        recipe = Recipe(method.step, method.takes, method.rtn)
        found[f"train {name}"] = ["metaxl.training.train", *recipe.modules(), PACKED]
        found[f"train-wrapped {name}"] = ["metaxl.training.train", *recipe.modules(), WRAPPED]
    return found


def table() -> str:
    """Return a line for each module: its name, and what an edit to it reruns; without brackets, every kind of it."""
    closures = {name: set.union(*map(provenance._closure, modules)) for name, modules in roots().items()}
    kinds_of: dict[str, list[str]] = {}
    for name in sorted(closures):
        rule, _, kind = name.partition(" ")
        kinds_of.setdefault(rule, []).append(kind)
    lines = []
    for path in sorted(provenance.PACKAGE.rglob("[!_]*.py")):
        module = ".".join(path.relative_to(provenance.PACKAGE).with_suffix("").parts)
        rerun: dict[str, list[str]] = {}
        for name in sorted(closures):
            if path in closures[name]:
                rule, _, kind = name.partition(" ")
                rerun.setdefault(rule, []).append(kind)
        shown = [rule if kinds == kinds_of[rule] else f"{rule} ({', '.join(kinds)})" for rule, kinds in rerun.items()]
        lines.append(f"{module}: {'; '.join(shown) or '-'}\n")
    return "".join(lines)


def test_an_edit_reruns_what_the_golden_table_says():
    assert table() == GOLDEN.read_text(encoding="utf-8")


def test_the_plan_asks_for_the_digests_of_the_table(monkeypatch):
    """The rules that leave it to the plan: data, encoders and training."""
    plan, expected = plan_of(), roots()
    cell = metaxl_cell(plan)
    for name in ("metaxl", "metaxl-frozen", "joint-rtn", "joint", "target", "target-matched"):
        layers = cell.method.removeprefix("metaxl") if METHODS[name].has_layers else ""
        source = cell.source if METHODS[name].needs_source else "none"
        changed = type(cell)(cell.encoder, cell.task, cell.target, source, name + layers, cell.seed)
        assert asked_digests(monkeypatch, lambda one=changed: plan.cell_code(one)) == set(expected[f"train {name}"])
    assert asked_digests(monkeypatch, lambda: plan.encoders.code("tiny")) == set(expected["encoder pretrain"])
    assert asked_digests(monkeypatch, lambda: plan.data.code("ner", "qu")) == set(expected["data synthetic"])


def test_what_nobody_trains_with_retrains_nothing():
    """The promise in words: tables, statistics, planning, commands, downloads and readers are no part of training."""
    lines = dict(line.split(": ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    for module, rerun in lines.items():
        if module.startswith(("reporting", "planning", "cli", "downloads", "data.corpora", "data.formats", "methods")):
            assert "train" not in rerun, module
    with_rtn = ", ".join(sorted(name for name, method in METHODS.items() if method.has_layers))
    assert lines["method.rtn"] == f"train ({with_rtn}); train-wrapped ({with_rtn})"


def test_each_corpus_has_a_reader_of_its_own_whose_edit_makes_its_data_alone_again():
    lines = dict(line.split(": ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    readers = {corpus: reader_module(corpus).removeprefix("metaxl.") for corpus in CORPORA}
    assert {module for module in lines if module.startswith("data.corpora.")} | {"demo.corpus"} == {*readers.values()}
    assert {lines[module] for module in readers.values()} == {f"data ({corpus})" for corpus in readers}


if __name__ == "__main__":
    GOLDEN.write_text(table(), encoding="utf-8")
