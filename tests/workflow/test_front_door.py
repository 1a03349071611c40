"""What a newcomer reads is true: the README's tree, commands and keys, the pins, the rules' environments."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from metaxl.experiment.cell import Cell
from metaxl.experiment.schema import SCHEMA_PATH, read_yaml
from metaxl.planning.plans import Plans

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVS = ROOT / "envs"


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def test_the_tree_names_every_room_and_no_other():
    tree = README[README.index("## The tree") :]
    listed = set(re.findall(r"^      (\w+)/", tree[tree.index("    metaxl/") : tree.index("    benchmarks/")], re.M))
    assert listed == {path.parent.name for path in (ROOT / "metaxl").glob("*/__init__.py")}


def test_the_table_of_differences_names_every_switch():
    table = README[README.index("## Differences from the paper") :]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.M))
    schema = read_yaml(SCHEMA_PATH)["properties"]["method"]["properties"]
    assert set(rows) == set(schema)
    for key, part in schema.items():
        assert str(part["default"]) in rows[key].split(",")[0]


def test_every_snakemake_target_of_the_readme_exists():
    rules = (ROOT / "Snakefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?snakemake [^\n`]*?(tables|table\d|figures|all)\b", README):
        assert f"rule {target}:" in rules


def test_the_readmes_cell_and_overlay_are_planned(tmp_path):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    path = re.search(r"results/(\w+)/cells/(\S+?)/(\w+)/(\w+)/(\w+)/(\S+?)/seed(\d+)/scores\.json", README).groups()
    assert Plans(raw)[path[0]].cell_inputs(Cell(*path[1:6], int(path[6])))
    overlay = yaml.safe_load(re.search(r"```yaml\n(.*?)```", README, re.S).group(1))
    from metaxl.experiment.load import merge

    config = Plans(merge(raw, overlay)).active.config
    assert config.name == "mine"
    assert config.corpus("ner", "lug") == "files"


def test_no_option_swallows_a_target():
    for command in re.findall(r"snakemake [^\n`]+", README + (ROOT / "Makefile").read_text(encoding="utf-8")):
        if "--config" in command:
            assert " -- " in command, command


def test_everything_linked_is_there_and_nothing_is_left_open():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link
    assert not re.search(r"@[A-Z]+@", README)


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
