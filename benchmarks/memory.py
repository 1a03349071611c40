"""The most memory that the training steps of one setting hold, each in a process of its own: `make bench`."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import torch

from benchmarks.table import about, device, write
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, LENGTHS, METHODS, StepInput

ROOT = Path(__file__).parent.parent
STEPS = 2


def peak_gib(geometry: str, lengths: str, method: str, implementation: str) -> float:
    """Return the peak of a process that takes the steps."""
    one = ["--one", method, "--implementations", implementation]
    command = [sys.executable, "-m", "benchmarks.memory", geometry, lengths, *one]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def report_peak(geometry: str, lengths: str, method: str, implementation: str) -> None:
    """Take the steps and print this process's peak in GiB."""
    step = IMPLEMENTATIONS[implementation](geometry, device()).step(method)
    for seed in range(STEPS):
        step(StepInput.draw(lengths, seed))
    print(peak_bytes() / 2**30)


def peak_bytes() -> int:
    """Return the most memory that this process has held; on a GPU, what torch's allocator has held there."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    # Linux hands ru_maxrss on from the process that started this one; VmHWM is its own.
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024


def main() -> None:
    """Run the benchmark; write benchmarks/results/memory-<setting>.csv and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("geometry", choices=GEOMETRIES)
    parser.add_argument("lengths", choices=LENGTHS)
    parser.add_argument("--implementations", nargs="+", choices=IMPLEMENTATIONS, default=list(IMPLEMENTATIONS))
    parser.add_argument("--one", metavar="METHOD", help="in this process, print the peak of the one implementation")
    options = parser.parse_args()
    setting, names = (options.geometry, options.lengths), options.implementations
    if options.one:
        report_peak(*setting, options.one, *names)
        return
    keys = [(*setting, *key) for key in product(METHODS, names)]
    write(f"memory-{'-'.join(setting)}.csv", [about(*key) | {"peak_gib": peak_gib(*key)} for key in keys])


if __name__ == "__main__":
    main()
