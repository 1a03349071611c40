"""What a newcomer reads is true: the README's tree, commands and keys, the pins, the rules' environments."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from metaxl.cli.parser import make_parser
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import merge
from metaxl.experiment.schema import SCHEMA_PATH, read_yaml
from metaxl.planning.plans import Plans

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [path for folder in (".", "docs", "benchmarks", "results") for path in sorted((ROOT / folder).glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
OWN_DATA = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
ENVS = ROOT / "envs"


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def test_the_tree_names_every_room_and_no_other_from_the_ground_up_on_fourteen_lines():
    """The order is that of the contract, which lists the rooms from the top."""
    tree = README[README.index("## The tree") :]
    listed = re.findall(r"^      (\w+)/", tree[tree.index("    metaxl/") : tree.index("    benchmarks/")], re.M)
    assert set(listed) == {path.parent.name for path in (ROOT / "metaxl").glob("*/__init__.py")}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = [layer.removeprefix("metaxl.") for contract in contracts for layer in contract.get("layers", [])]
    assert listed == [layer for layer in reversed(layers) if layer in listed]
    assert len(re.findall(r"^    ", tree, re.M)) <= 14


def test_the_table_of_differences_names_every_switch():
    table = METHOD[METHOD.index("## 10. Differences from the paper") :]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.M))
    schema = read_yaml(SCHEMA_PATH)["$defs"]["method"]["properties"]
    assert set(rows) == set(schema)
    for key, part in schema.items():
        assert str(part["default"]) in rows[key].split(",")[0]


def test_the_schema_describes_every_key_in_a_sentence():
    """docs/configuration.md is made of them."""
    schema = read_yaml(SCHEMA_PATH)

    def described(place: str, part: dict) -> int:
        part = {**schema["$defs"][part["$ref"].rpartition("/")[2]], **part} if "$ref" in part else part
        found = 0
        for key, value in part.get("properties", {}).items():
            own = {**schema["$defs"][value["$ref"].rpartition("/")[2]], **value} if "$ref" in value else value
            assert re.fullmatch(r"[A-Z].* .*[.]", own.get("description", "")), f"{place}{key}"
            found += 1 + described(f"{place}{key}.", value)
        inner = [part.get("items"), part.get("additionalProperties"), *part.get("oneOf", [])]
        return found + sum(described(place, each) for each in inner if isinstance(each, dict))

    assert described("", schema) > 80


def test_the_readmes_cell_and_overlays_are_planned():
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    path = re.search(r"results/(\w+)/cells/(\S+?)/(\w+)/(\w+)/(\w+)/(\S+?)/seed(\d+)/scores\.json", README).groups()
    assert Plans(raw)[path[0]].cell_inputs(Cell(*path[1:6], int(path[6])))
    mine, *parts = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", OWN_DATA, re.S))
    assert len(parts) == 3
    for overlay in (mine, *(merge(mine, part) for part in parts)):
        config = Plans(merge(raw, overlay)).active.config
        assert config.name == "mine"
        assert config.own_data("ner", "lug")


def test_the_readmes_own_language_takes_the_options_that_there_are():
    """Three commands, the second of which parses and names the experiment whose tables the third makes."""
    section = README[README.index("## Your own language") : README.index("## The method")]
    init = re.search(r"metaxl (init .*?) > mine\.yaml", section)[1]
    assert make_parser().parse_args(init.split()).language == "lug"
    assert (
        section.index("make demo")
        < section.index("metaxl init")
        < section.index("snakemake --cores 8 --quiet rules --configfile")
    )


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_linked_is_there_and_nothing_is_left_open(path):
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("https://") or (path.parent / link).exists(), link
    assert not re.search(r"@[A-Z]+@", text)


def test_every_caption_of_the_report_is_there():
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        for named in re.findall(r'"(\.\./report/.*?)"', rules.read_text(encoding="utf-8")):
            assert (rules.parent / named).is_file()


def test_conda_environment_and_lock_hold_the_same_pins():
    environment = yaml.safe_load((ENVS / "metaxl.yaml").read_text(encoding="utf-8"))
    listed = dict(line.split("==") for line in environment["dependencies"][-1]["pip"])
    assert listed == pins(ENVS / "requirements.lock")


@pytest.mark.parametrize(("locks", "extra"), [(["requirements"], None), (["requirements", "dev"], "dev")])
def test_every_direct_dependency_is_pinned_to_a_version_that_fits_without_build_label(locks, extra):
    """What the extra needs may be among the pins of the package itself: dev.lock holds only what comes on top."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = map(Requirement, project["optional-dependencies"][extra] if extra else project["dependencies"])
    locked = {name: version for lock in locks for name, version in pins(ENVS / f"{lock}.lock").items()}
    for requirement in needed:
        assert locked[re.sub(r"[-_.]+", "-", requirement.name).lower()] in requirement.specifier, requirement
    assert all(re.fullmatch(r"[\w.]+", version) for version in locked.values())


def test_every_rules_environment_exists():
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        for named in re.findall(r'conda:\s+"(.*?)"', rules.read_text(encoding="utf-8")):
            assert (rules.parent / named).is_file()
