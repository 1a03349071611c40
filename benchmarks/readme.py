"""Write what docs/ shows of the demo, from a results folder: pictures, and Table 2 with its sentences.

They are of four seeds: `snakemake --cores 2 --configfile four.yaml -- all`, where four.yaml says
`seeds: [11, 12, 13, 14]`; then `python -m benchmarks.readme results/demo`.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from benchmarks.tables import ROOT, write_between
from metaxl.reporting.evidence.told import read_told
from metaxl.reporting.markup import markdown

PICTURES = {"gain2.png": "gain-demo.png", "figure1.png": "figure1-demo.png"}
PAGE = ROOT / "docs" / "synthetic-languages.md"
NUMBER = 2


def shown(results: Path) -> str:
    """Return Table 2 and a sentence a question, as a finished run has them."""
    text = (results / "tables" / f"table{NUMBER}.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")]
    told = read_told(results / "evidence" / f"table{NUMBER}.json").sentences
    return "\n".join([*table, "", *(f"- {markdown(sentence)}" for sentence in told)])


def main() -> None:
    """Write the table and copy the pictures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("results", type=Path, help="the folder of a finished run of the demo")
    results = parser.parse_args().results
    write_between(PAGE, shown(results), "demo")
    for drawn, kept in PICTURES.items():
        shutil.copyfile(results / "figures" / drawn, ROOT / "docs" / kept)


if __name__ == "__main__":
    main()
