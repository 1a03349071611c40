"""Time and arithmetic of the training steps, official-style beside ours: `make bench`.

Rounds are interleaved in one process: each runs every method of every implementation once on the same new sentences.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import torch

from benchmarks import flops
from benchmarks.table import Row, about, device, settings, write
from benchmarks.workload import GEOMETRIES, IMPLEMENTATIONS, METHODS, StepInput
from metaxl.memory import keep_freed_memory


def seconds(function: Callable[[], Any]) -> float:
    """Return the wall time of a call, the device's work included."""
    began = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def matmul_rate(geometry: str, given: StepInput) -> float:
    """Return floating-point operations a second of the widening product on the tokens of a source batch."""
    hidden, wide = GEOMETRIES[geometry]
    tokens = sum(map(len, given.source.ids))
    x, weight = torch.randn(tokens, hidden, device=device()), torch.randn(wide, hidden, device=device())
    times = [seconds(lambda: [x @ weight.t() for _ in range(5)]) / 5 for _ in range(5)]
    return 2 * tokens * hidden * wide / median(times)


Key = tuple[str, str]  # method, implementation


def measure(geometry: str, lengths: str, rounds: int) -> dict[Key, dict[str, float]]:
    """Return, for each method and implementation, medians over the rounds and the range of the seconds.

    `times_bound` is the time over what the step's operations take at the rate of one matrix product measured in the
    same round; `times_joint` is the time over that of joint training; `speedup` is the official time over this one,
    `speedup_restricted` that of the official steps with the vocabulary of the data. All are medians of a round's own
    ratio.
    """
    models = {name: make(geometry, device()) for name, make in IMPLEMENTATIONS.items()}
    steps = {(method, name): model.step(method) for method in METHODS for name, model in models.items()}
    shapes = {name: make(geometry, torch.device("meta")) for name, make in IMPLEMENTATIONS.items()}
    counted = {(method, name): model.step(method) for method in METHODS for name, model in shapes.items()}
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
                    "speedup": times[method, "official"] / taken,
                    "speedup_restricted": times[method, "official-restricted"] / taken,
                }
            )
    return {key: _summary(rows) for key, rows in found.items()}


def _summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    columns = {name: [row[name] for row in rounds] for name in rounds[0]}
    medians = {name: median(column) for name, column in columns.items()}
    ranges = {f"{name}_{end.__name__}": end(columns[name]) for name in ("seconds", "speedup") for end in (min, max)}
    return medians | ranges


def main() -> None:
    """Run the benchmark; write benchmarks/step.csv and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds a setting")
    rounds = parser.parse_args().rounds
    keep_freed_memory()
    rows: list[Row] = []
    for setting in settings():
        rows += [about(*setting, *key) | numbers for key, numbers in measure(*setting, rounds).items()]
        write("step.csv", rows)


if __name__ == "__main__":
    main()
