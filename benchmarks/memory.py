"""The most memory that the training steps hold, each in a process of its own: `make bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from itertools import product
from pathlib import Path

from benchmarks.table import about, device, write
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, LENGTHS, METHODS, StepInput
from metaxl.memory import keep_freed_memory, peak_memory

ROOT = Path(__file__).parent.parent
STEPS = 2


def peak_gib(geometry: str, lengths: str, method: str, implementation: str) -> float:
    """Return the peak of a process that takes the steps."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", geometry, lengths, method, implementation]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def report_peak(geometry: str, lengths: str, method: str, implementation: str) -> None:
    """Take the steps and print this process's peak in GiB."""
    if implementation == "ours":
        keep_freed_memory()  # as `metaxl train` does
    step = IMPLEMENTATIONS[implementation](geometry, device()).step(method)
    for seed in range(STEPS):
        step(StepInput.draw(lengths, seed))
    print(peak_memory(device()) / 2**30)


def main() -> None:
    """Run the benchmark; write benchmarks/results/memory.csv and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=4, metavar=("GEOMETRY", "LENGTHS", "METHOD", "IMPLEMENTATION"))
    one = parser.parse_args().one
    if one:
        report_peak(*one)
        return
    keys = product(GEOMETRIES, LENGTHS, METHODS, IMPLEMENTATIONS)
    write("memory.csv", [about(*key) | {"peak_gib": peak_gib(*key)} for key in keys])


if __name__ == "__main__":
    main()
