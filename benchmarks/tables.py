"""Write the tables of benchmarks/README.md from benchmarks/results, between its marks."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from benchmarks.table import RESULTS
from benchmarks.workload import SETTINGS

ROOT = Path(__file__).parent.parent
NAMES = {
    "target": "target only",
    "joint": "JT",
    "metaxl-L12": "MetaXL, L12",
    "metaxl-L6": "MetaXL, L6",
    "metaxl-L0": "MetaXL, L0",
    "metaxl-L0-12": "MetaXL, L0 and L12",
}
TITLES = {"base": "XLM-R base's geometry", "small": "12 x 384", "panx": "PAN-X lengths", "128": "128 tokens"}
HEAD = ["method", "official-style, s", "ours, s", "times faster", "over our JT", "GFLOP", "over the bound"]
MEMORY = "peak memory, GiB"
SHOWN = ("base", "panx")  # the setting whose parts are shown
PARTS = ("official-restricted", "ours-official-order", "ours")
Rows = dict[tuple[str, str], dict[str, str]]  # by method and implementation


def read(what: str, setting: tuple[str, str]) -> Rows:
    """Return the rows that a benchmark wrote of a setting."""
    with (RESULTS / f"{what}-{'-'.join(setting)}.csv").open(newline="") as file:
        return {(row["method"], row["implementation"]): row for row in csv.DictReader(file)}


def table(setting: tuple[str, str]) -> str:
    """Return a setting's table in Markdown."""
    steps, memory = read("step", setting), read("memory", setting)
    rows = []
    for method, name in NAMES.items():
        official, ours = steps[method, "official"], steps[method, "ours"]
        peaks = [f"{float(memory[method, one]['peak_gib']):.1f}" for one in ("official", "ours")]
        rows.append(
            {
                "method": name,
                "official-style, s": f"{float(official['seconds']):.2f}",
                "ours, s": f"{float(ours['seconds']):.2f}",
                "times faster": _ranged(ours, "speedup", 1),
                "over our JT": "1" if method == "joint" else _ranged(ours, "times_joint", 2),
                "GFLOP": f"{float(official['gflop']):.0f} → {float(ours['gflop']):.0f}",
                "over the bound": f"{float(ours['times_bound']):.2f}",
                MEMORY: " → ".join(peaks),
            }
        )
    columns = [*HEAD, MEMORY]
    return tabulate(
        [[row[column] for column in columns] for row in rows], columns, tablefmt="github", disable_numparse=True
    )


def _ranged(row: dict[str, str], name: str, digits: int) -> str:
    low, middle, high = (f"{float(row[name + end]):.{digits}f}" for end in ("_min", "", "_max"))
    return f"{middle} ({low} to {high})"


def parts() -> str:
    """Return what each part of the step brings, in times of official-style."""
    steps = read("step", SHOWN)
    rows = [[name, "1", *(f"{float(steps[m, part]['speedup']):.1f}" for part in PARTS)] for m, name in NAMES.items()]
    head = ["method", "official-style", "the same, the data's vocabulary", "ours, official order", "ours"]
    return tabulate(rows, head, tablefmt="github", disable_numparse=True)


def everything() -> Iterator[str]:
    """Yield the paragraphs of benchmarks/README.md."""
    for setting in SETTINGS:
        row = read("step", setting)["target", "ours"]
        rounds, device = row["rounds"], row["device"].replace("1 cores", "one thread")
        yield f"**{TITLES[setting[0]]}, {TITLES[setting[1]]}, {rounds} rounds, {device}**"
        yield table(setting)
    yield "**What each part brings**, times faster than official-style at XLM-R base's geometry and PAN-X lengths"
    yield parts()


def write_between(path: Path, text: str, mark: str = "step times") -> None:
    """Put text between the mark of a file, a comment, and the next end."""
    marks = re.compile(rf"(<!-- {mark} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    path.write_text(marks.sub(lambda found: found[1] + text + found[2], path.read_text(encoding="utf-8")), "utf-8")


def main() -> None:
    """Write the tables of benchmarks/README.md."""
    write_between(ROOT / "benchmarks" / "README.md", "\n\n".join(everything()))


if __name__ == "__main__":
    main()
