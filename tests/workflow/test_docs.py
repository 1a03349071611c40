"""Every command that a page shows is one that exists: each tool's own parser takes it, and what it names is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml
from experiments import shipped
from snakemake.cli import get_argument_parser

from docs import configuration, workflow
from metaxl import __version__
from metaxl.cli import people, reports, rules
from metaxl.cli.parser import make_parser
from metaxl.experiment.grid import all_cells, figure_cells, trained_cells
from metaxl.experiment.load import merge
from metaxl.experiment.schema import SCHEMA_PATH, read_yaml
from metaxl.planning.plans import Plans

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for folder in (".", "docs", "benchmarks", "results") for path in sorted((ROOT / folder).glob("*.md"))]
PAGES = [path for path in PAGES if path.name != "CHANGELOG.md"]  # what was true of earlier versions
TOOLS = ("snakemake", "metaxl", "make", "python")
EXAMPLES = {"COMMAND": "check", "SHELL": "bash"}  # what stands for any of them
SCHEMA = read_yaml(SCHEMA_PATH)["properties"]


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of a page, on lines of their own or within sentences."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    said = re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE)
    said += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", re.sub(r"^ {4,}.*$", "", text, flags=re.M))]
    said += [inner for code in said for inner in re.findall(r'--wrap "(.*)"', code)]
    return [words for code in said if (words := command(code))]


def command(code: str) -> list[str]:
    """Return the words of a command of one of the tools, without comment, redirection and pipe; of others none."""
    bare = re.sub(r"^(?:[A-Z]+=\S+ )*(?:\.venv/bin/)?", "", code)
    if bare.split(maxsplit=1)[0:1] == [] or bare.split(maxsplit=1)[0] not in TOOLS:
        return []
    bare = re.sub(r"<\w[^<>]*>", "x", bare)  # a place that the reader fills
    bare = re.split(r"\s(?:\\?\||[<>]|&&)\s|\s\[|\s#", bare)[0]
    return [EXAMPLES.get(word, word) for word in shlex.split(bare)]


def test_commands_are_found_wherever_they_stand():
    page = "Ask `metaxl\nstatus`, `.venv/bin/metaxl unlock`.\n\n    X=1 make demo  # now\n    ls\n    metaxl init a > b"
    assert commands(page) == [["make", "demo"], ["metaxl", "init", "a"], ["metaxl", "status"], ["metaxl", "unlock"]]


def takes_snakemake(words: list[str], _page: str) -> None:
    asked = get_argument_parser().parse_args(words)
    snakefile = (ROOT / "Snakefile").read_text(encoding="utf-8")
    for target in asked.targets:
        assert target.startswith("results/") or f"rule {target}:" in snakefile, target
    for profile in (*(asked.profile or ()), *filter(None, [asked.workflow_profile])):
        assert (ROOT / profile / "config.yaml").is_file(), profile
    for setting in asked.config or ():
        key, _, value = setting.partition("=")
        assert key in SCHEMA, setting
        assert value in SCHEMA[key].get("enum", [value]), setting
    if asked.config or asked.configfile:
        assert not asked.targets or "--" in words, "an option would swallow the target"


def takes_metaxl(words: list[str], _page: str) -> None:
    known = [each.__name__.replace("_", "-") for room in (people, rules, reports) for each in room.COMMANDS]
    if not words or (words[1:] == [] and words[0] in known):
        return  # it is spoken of
    try:
        make_parser().parse_args(words)
    except SystemExit as ended:
        if ended.code:
            raise AssertionError(f"metaxl takes no {words}") from ended


def takes_make(words: list[str], _page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in (word for word in words if "=" not in word):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def takes_python(words: list[str], page: str) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]), words
        words = words[2:]
    for script in (word for word in words if word.endswith(".py")):
        assert (ROOT / script).is_file() or f"# {script}\n" in page, script


TAKES = {"snakemake": takes_snakemake, "metaxl": takes_metaxl, "make": takes_make, "python": takes_python}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_page_exists(path):
    page = path.read_text(encoding="utf-8")
    for tool, *words in commands(page):
        TAKES[tool](words, page)


@pytest.mark.parametrize("wrong", [
    "metaxl chek", "metaxl check --prest paper", "make dmo", "snakemake tabels", "snakemake --config prest=demo",
    "snakemake --config preset=papr", "snakemake --config preset=paper all", "snakemake --profile workflow/profiles/no",
    "python -m docs.nothing", "python tests/nothing.py",
])  # fmt: skip
def test_a_command_that_does_not_exist_is_found(wrong):
    ((tool, *words),) = commands(f"`{wrong}`")
    with pytest.raises(AssertionError):
        TAKES[tool](words, "")


def test_the_makefiles_options_swallow_no_target():
    for line in re.findall(r"snakemake [^\n`]+", (ROOT / "Makefile").read_text(encoding="utf-8")):
        assert "--config" not in line or " -- " in line, line


def test_the_page_of_keys_is_what_the_schema_makes():
    """`make docs` writes it anew."""
    assert configuration.PAGE.read_text(encoding="utf-8") == configuration.page()


def test_the_page_of_keys_has_each_key_once():
    def keys(part: dict) -> set[str]:
        inner = [*part.get("properties", {}).values(), *part.get("oneOf", ()), part.get("items")]
        inner.append(part.get("additionalProperties"))
        found = set(part.get("properties", {}))
        return found.union(*(keys(each) for each in inner if isinstance(each, dict)))

    schema = read_yaml(SCHEMA_PATH)
    expected = keys(schema).union(*(keys(part) for part in schema["$defs"].values()))
    paths = re.findall(r"^\| `([\w.*\[\]]+)` \|", configuration.page(), re.MULTILINE)
    assert {path.rpartition(".")[2] for path in paths} == expected
    chapters = configuration.page().split("\n## ")
    for chapter in chapters:
        listed = re.findall(r"^\| `([\w.*\[\]]+)` \|", chapter, re.MULTILINE)
        assert len(listed) == len(set(listed))


def test_the_rows_of_your_own_are_planned():
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    (shown,) = re.findall(r"```yaml\n(.*?)```", configuration.page(), re.DOTALL)
    config = Plans(merge(raw, yaml.safe_load(shown))).active.config
    assert {"joint-half", "zero-shot"} <= set(config.controls)
    assert set(config.variants) == {"no-l2", "fast-phi"}


def test_the_picture_of_the_rules_is_the_workflows_and_each_rule_is_explained():
    """`make docs` draws it anew."""
    page = workflow.PAGE.read_text(encoding="utf-8")
    assert workflow.picture(workflow.reduced(workflow.planned())) in page
    rows = "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", rows))
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk")]
    assert explained == {
        name for text in texts for name in re.findall(r"^ *(?:use rule \w+ as|rule) (\w+)", text, re.M)
    }


def test_an_arrow_is_left_out_only_where_a_longer_way_stands_for_it():
    graph = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "e": {"d"}}
    assert workflow.reduced(graph) == {"a": {"b"}, "b": {"c"}, "c": {"d"}, "e": {"d"}}


def test_the_pages_count_the_trainings_of_the_papers_preset():
    config = Plans(shipped("paper")).active.config
    count = len({*trained_cells(config, all_cells(config)), *figure_cells(config)})
    for page, sentence in [("running", f"trains {count} cells"), ("clusters", f"jobs {count} are submitted")]:
        assert sentence in " ".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").split())


def test_the_citation_names_the_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == __version__
