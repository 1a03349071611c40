"""Time and arithmetic of the training steps of one setting, official-style beside ours: `make bench`.

Rounds are interleaved in one process: each runs every method of every implementation once on the same new sentences.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks import flops
from benchmarks.table import about, device, write
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, LENGTHS, METHODS, StepInput
from metaxl.encoder.product import linear_map


def seconds(function: Callable[[], Any]) -> float:
    """Return the wall time of a call, the device's work included."""
    began = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def matmul_rate(geometry: str, given: StepInput) -> float:
    """Return floating-point operations a second of the widening product on a source batch, by the faster kernel."""
    hidden, wide = GEOMETRIES[geometry]
    tokens = sum(map(len, given.source.ids))
    x, weight = torch.randn(tokens, hidden, device=device()), torch.randn(wide, hidden, device=device())

    def time_of(kernel: Callable[[], Tensor]) -> float:
        return median(seconds(lambda: [kernel() for _ in range(5)]) / 5 for _ in range(5))

    fastest = min(time_of(lambda: x @ weight.t()), time_of(lambda: linear_map(x, weight, None)))
    return 2 * tokens * hidden * wide / fastest


Key = tuple[str, str]  # method, implementation


def measure(geometry: str, lengths: str, rounds: int, names: Sequence[str]) -> dict[Key, dict[str, float]]:
    """Return, for each method and implementation, medians over the rounds and ranges of some.

    `times_bound` is the time over what the step's operations take at the rate of one matrix product measured in the
    same round; `times_joint` is the time over that of joint training; `speedup` is the time of the first implementation
    over this one. All are medians of a round's own ratio.
    """
    models = {name: IMPLEMENTATIONS[name](geometry, device()) for name in names}
    # An implementation's steps follow one another, as in training; else each would find the memory of another.
    steps = {(method, name): model.step(method) for name, model in models.items() for method in METHODS}
    shapes = {name: IMPLEMENTATIONS[name](geometry, torch.device("meta")) for name in names}
    counted = {(method, name): model.step(method) for name, model in shapes.items() for method in METHODS}
    for step in steps.values():
        step(StepInput.draw("panx", seed=0))
    found: dict[Key, list[dict[str, float]]] = {key: [] for key in steps}
    for number in range(1, rounds + 1):
        given = StepInput.draw(lengths, seed=number)
        rate = matmul_rate(geometry, given)
        times = {key: seconds(partial(step, given)) for key, step in steps.items()}
        for (method, name), taken in times.items():
            operations = flops.count(counted[method, name], given)
            found[method, name].append(
                {
                    "seconds": taken,
                    "gflop": operations / 1e9,
                    "times_bound": taken * rate / operations,
                    "times_joint": taken / times["joint", name],
                    "speedup": times[method, names[0]] / taken,
                }
            )
    return {key: _summary(rows) for key, rows in found.items()}


def _summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    columns = {name: [row[name] for row in rounds] for name in rounds[0]}
    medians = {"rounds": len(rounds)} | {name: median(column) for name, column in columns.items()}
    ranges = {
        f"{name}_{end.__name__}": end(columns[name])
        for name in ("seconds", "speedup", "times_joint")
        for end in (min, max)
    }
    return medians | ranges


def main() -> None:
    """Run the benchmark; write benchmarks/results/step-<setting>.csv and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("geometry", choices=GEOMETRIES)
    parser.add_argument("lengths", choices=LENGTHS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--implementations", nargs="+", choices=IMPLEMENTATIONS, default=list(IMPLEMENTATIONS))
    options = parser.parse_args()
    if options.implementations[0] != "official":
        parser.error("name official first: the others are measured against it")
    setting = options.geometry, options.lengths
    found = measure(*setting, options.rounds, options.implementations)
    write(f"step-{'-'.join(setting)}.csv", [about(*setting, *key) | numbers for key, numbers in found.items()])


if __name__ == "__main__":
    main()
