"""Draw the rules of the workflow into docs/workflow.md, as Snakemake plans them for the paper preset.

python -m docs.workflow
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.tables import ROOT, write_between

PAGE = Path(__file__).with_suffix(".md")
MARK = "rules"
ASKED = ("--config", "preset=paper", "keep_models=best", "--rulegraph", "mermaid-js", "--", "all")
Graph = dict[str, set[str]]  # the rules that a rule's files go into, by its name


def planned() -> Graph:
    """Return the rules that every table, figure and kept model of the paper preset needs."""
    with tempfile.TemporaryDirectory() as folder:  # where no results are
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", folder]
        done = subprocess.run([*command, "--quiet", "all", *ASKED], capture_output=True, text=True, check=True)
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]", done.stdout, re.MULTILINE))
    graph: Graph = defaultdict(set)
    for maker, user in re.findall(r"^\s*(id\d+) --> (id\d+)", done.stdout, re.MULTILINE):
        graph[names[maker]].add(names[user])
    return graph


def reduced(graph: Graph) -> Graph:
    """Leave out each arrow that a longer way stands for."""
    return {
        maker: {user for user in users if not any(user in _reached(graph, via) for via in users - {user})}
        for maker, users in graph.items()
    }


def _reached(graph: Graph, rule: str) -> set[str]:
    """Return every rule that a rule's files go into, by one step or more."""
    users = graph.get(rule, set())
    return users.union(*(_reached(graph, user) for user in users))


def picture(graph: Graph) -> str:
    """Return the graph in Mermaid, which GitHub draws; the order is that of the names."""
    arrows = [f"    {maker} --> {user}" for maker in sorted(graph) for user in sorted(graph[maker])]
    return "\n".join(["```mermaid", "flowchart TB", *arrows, "```"])


def main() -> None:
    """Write the picture between its marks."""
    write_between(PAGE, picture(reduced(planned())), MARK)


if __name__ == "__main__":
    main()
