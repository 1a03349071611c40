"""Write the tables of docs/statistics.md: simulated truth (some minutes on one core) and planning numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from tabulate import tabulate

from benchmarks.simulated import (
    LANGUAGES,
    Rate,
    denies,
    false_in_a_family,
    false_layers,
    holds,
    holds_of_tables,
    pooled,
    predicted,
    says,
    single,
    together,
)
from benchmarks.tables import ROOT, write_between
from benchmarks.worlds import World
from metaxl.reporting.planned import ASSUMED
from metaxl.reporting.statistics.components import Components
from metaxl.reporting.statistics.estimate import ALPHA
from metaxl.reporting.statistics.power import needed, power, smallest, standard_error
from metaxl.reporting.statistics.verdict import PAPER, WORTH

PAGE = ROOT / "docs" / "statistics.md"
WORLDS = 1_000  # of LANGUAGES languages, each row and truth
SINGLE = 4_000  # languages by themselves, each row
QUICK = 20_000  # draws of what needs no sentences
BESIDE = ((2, 2), (LANGUAGES, 2), (LANGUAGES, 3))  # languages and seeds
UNLIKE = ((1.0, 1.0), (2.0, 2.0), (1.0, 2.0))  # least and largest sd between runs among languages
TABLES = 10_000  # drawn for each ratio of variances, 1,000 sentences
RUNS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # variance between runs, in points squared
WITHIN = ((0.2, 0.8), (0.5, 0.5), (0.01, 0.9), (0.9, 0.05))  # of sentences in all runs, and in one run, over 1,000
# Two runs that share this much of their luck differ in about 6, 10 and 20 of 100 sentences.
NEARLY = (0.945, 0.906, 0.80)
DESIGNS = ((8, 1, 100), (8, 2, 1000), (9, 3, 1000), (12, 3, 1000), (14, 2, 1000), (14, 3, 1000))
Rows = list[list[object]]


def over_languages_table() -> str:
    """Return what is true of verdicts over LANGUAGES languages."""
    rows: Rows = []
    for sentences, seeds, spread in product((100, 1000), (3, 5), (0.0, 1.0)):
        nothing = World(sentences, seeds, run_sd=1.5, language_sd=spread)
        found = {truth: pooled(replace(nothing, effect=truth), WORLDS, 1) for truth in (0.0, WORTH, PAPER)}
        estimates = {truth: [one.estimate for one in ones] for truth, ones in found.items()}
        row: list[object] = [sentences, seeds, f"{spread:g}", holds(estimates[0.0], 0)]
        row += [says(estimates[0.0], "yes"), says(estimates[0.0], "worse")]
        row += [Rate.of(one.flip_p <= ALPHA for one in found[0.0])]
        row += [denies(estimates[truth], truth) for truth in (WORTH, PAPER)]
        for truth in (WORTH, PAPER):
            row.append(f"{says(estimates[truth], 'yes')} ({100 * predicted(nothing, truth):.1f})")
        rows.append(row)
    head = ["sentences", "seeds", "language sd", "interval holds 0", '"yes" of 0', '"worse" of 0', "sign flip of 0"]
    head += ['"no such gain" of +1', "of +2.07", '"yes" of +1 (foretold)', "of +2.07 (foretold)"]
    return _table(rows, head)


def one_language_table() -> str:
    """Return what is true of one language by itself, as a statement on the methods."""
    rows: Rows = []
    for seeds, sentences, run_sd in product((1, 2, 3, 5), (100, 1000), (1.0, 2.0)):
        found = [one.estimate for one in single(World(sentences, seeds, run_sd), SINGLE, 2)]
        row: list[object] = [seeds, sentences, f"{run_sd:g}", holds(found, 0), says(found, "yes"), says(found, "worse")]
        rows.append([*row, Rate.of(one.upper < 0 for one in found), f"{np.median([one.high for one in found]):.1f}"])
    head = ["seeds", "sentences", "run sd", "interval holds 0", '"yes"', '"worse"', "upper bound below 0"]
    return _table(rows, [*head, "reach, points"])


def common_runs_table() -> str:
    """Return what is true of one language of few seeds where all languages tell how runs differ."""
    rows: Rows = []
    for (count, seeds), sentences, (least, most) in product(BESIDE, (100, 1000), UNLIKE):
        run_sds = np.linspace(least, most, count)
        found = together([World(sentences, seeds, float(run_sd)) for run_sd in run_sds], SINGLE // count, 5)
        estimates = [[one.estimate for one in language] for language in found]
        every = [one for language in estimates for one in language]
        runs = f"{least:g}" if least == most else f"{least:g} to {most:g}"
        row: list[object] = [
            count,
            seeds,
            sentences,
            runs,
            holds(every, 0),
            holds(estimates[0], 0),
            holds(estimates[-1], 0),
        ]
        rows.append([*row, says(every, "yes", "worse"), f"{np.median([one.high for one in every]):.1f}"])
    head = ["languages", "seeds", "sentences", "run sd", "interval holds 0", "where runs differ least", "most"]
    return _table(rows, [*head, '"yes" or "worse"', "reach, points"])


def extremes_table() -> str:
    """Return the least and the largest coverage in one language over variances in very unlike ratios."""
    rows: Rows = []
    for seeds in (2, 3, 4, 5, 10):
        rates = [
            holds_of_tables(seeds, 1000, Components(run, 1000.0 * (shared + own), 0.0, 1000.0 * own), TABLES, 4)
            for run, (shared, own) in product(RUNS, WITHIN)
        ]
        rates.sort(key=lambda rate: rate.share)
        rows.append([seeds, rates[0], rates[-1]])
    return _table(rows, ["seeds", "least", "largest"])


def nearly_alike_table() -> str:
    """Return the same of models that differ in few of 100 sentences."""
    rows: Rows = []
    for shared, seeds in product(NEARLY, (1, 3, 5)):
        found = single(World(100, seeds, run_sd=0.0, shared=shared, own=0.0), SINGLE, 3)
        differ = np.mean([one.differing for one in found])
        estimates = [one.estimate for one in found]
        rows.append([f"{differ:.1f}", seeds, holds(estimates, 0), says(estimates, "yes", "worse")])
    return _table(rows, ["sentences that differ", "seeds", "interval holds 0", '"yes" or "worse"'])


def family_table() -> str:
    """Return false findings in a family, and of layers."""
    rows: Rows = [
        ["any of 3 contrasts with one baseline, unadjusted", false_in_a_family(QUICK, adjusted=False)],
        ["the same by Holm", false_in_a_family(QUICK, adjusted=True)],
        ["4 equal placements, unlike variances, by the corrected F test", false_layers(QUICK)],
    ]
    return _table(rows, ["question", "told apart, %"])


def planning_table() -> str:
    """Return what some designs can show, with the variances that are assumed where none are measured."""
    rows: Rows = []
    for design in DESIGNS:
        powers = [f"{power(ASSUMED, *design, effect):.2f}" for effect in (WORTH, PAPER)]
        more = needed(ASSUMED, *design, WORTH).languages
        least = f"{smallest(ASSUMED, *design):.2f}"
        rows.append([*design, f"{standard_error(ASSUMED, *design):.2f}", *powers, least, more])
    head = ["languages", "seeds", "sentences", "standard error", "power at +1", "at +2.07", "smallest effect"]
    return _table(rows, [*head, "languages for +1"])


def _table(rows: Rows, head: list[str]) -> str:
    return tabulate([[str(cell) for cell in row] for row in rows], head, tablefmt="github", disable_numparse=True)


def main() -> None:
    """Write the page's tables."""
    parts = [
        f"**Over {LANGUAGES} languages** ({WORLDS} worlds a truth and row; run sd 1.5)",
        over_languages_table(),
        f"**One language by itself**, two equal methods ({SINGLE} languages a row; reach: the median upper bound)",
        one_language_table(),
        f"**One language of few seeds beside others** ({SINGLE} languages a row)",
        common_runs_table(),
        f"**One language by itself, whatever the variances**: intervals that hold the truth, the least and the largest "
        f"share over {len(RUNS) * len(WITHIN)} ratios of run, sentence and residual ({TABLES} tables each)",
        extremes_table(),
        f"**Models that are nearly the same**, 100 sentences ({SINGLE} languages a row)",
        nearly_alike_table(),
        f"**Families and layers**, {LANGUAGES} languages ({QUICK} draws a row)",
        family_table(),
    ]
    write_between(PAGE, "\n\n".join(parts), "simulated")
    write_between(PAGE, planning_table(), "planning")


if __name__ == "__main__":
    main()
