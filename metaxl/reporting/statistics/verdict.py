"""One word for what an estimate says, by thresholds that were fixed before anything was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metaxl.reporting.statistics.estimate import ALPHA, Estimate

WORTH = 1.0  # points of F1 that are worth having
PAPER = 2.07  # points that the paper's MetaXL gains over joint training from English, on average (its Table 2)
Word = Literal["yes", "worse", "no such gain", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word, and the gain that it rules out: WORTH or PAPER where the word is "no such gain", else None."""

    word: Word
    bound: float | None = None


def verdict(estimate: Estimate, adjusted_p: float) -> Verdict:
    """Return the word for an estimate in points whose p value, adjusted within its family, is given.

    "yes": adjusted p < .05 and the mean above 0. "worse": the same below 0. "no such gain": the one-sided 95 % upper
    bound lies below WORTH, or else below PAPER. Everything else, and whatever is NaN: "cannot tell". Each word is false
    in 5 % of worlds at most: "yes" and "worse" where the truth is 0, "no such gain" where it is the gain ruled out.
    Differences that are all the same, so that nothing is known of their spread, tell nothing.
    """
    if estimate.se == 0:
        return Verdict("cannot tell")
    if adjusted_p < ALPHA and estimate.mean != 0:
        return Verdict("yes" if estimate.mean > 0 else "worse")
    for bound in (WORTH, PAPER):
        if estimate.upper < bound:
            return Verdict("no such gain", bound)
    return Verdict("cannot tell")
