"""The paper's own Table 2 under the same tests: one number a language, from an unknown number of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from metaxl.experiment.contrasts import CONFIRMATORY, MAIN, OVER_SOURCES, PAIRS, RELATED, Role
from metaxl.experiment.slug import parse_slug
from metaxl.methods import METHODS
from metaxl.reporting.evidence.families import families
from metaxl.reporting.paper import load_paper
from metaxl.reporting.statistics.languages import OverLanguages, over_languages
from metaxl.reporting.statistics.verdict import Verdict, verdict

TABLE = 2
COMMON, NONE = "en", "none"
NAMES = {COMMON: "English"}
Scores = dict[tuple[str, str], dict[str, float]]  # of each language, by source and method


@dataclass(frozen=True, slots=True)
class PapersOwn:
    """A contrast of the paper's numbers; see `Contrast` and `Judged`."""

    key: str
    label: str
    group: str
    role: Role
    over: OverLanguages
    adjusted_p: float
    family: int
    verdict: Verdict


@cache
def papers_own() -> tuple[PapersOwn, ...]:
    """Return the paper's contrasts over the languages of its Table 2, confirmatory before exploratory."""
    found = list(_contrasts(_scores()))
    adjusted, sizes = families([role for *_, role, _ in found], [over.estimate.p_value for *_, over in found])
    made = [
        PapersOwn(*one, value, size, verdict(one[-1].estimate, value))
        for one, value, size in zip(found, adjusted, sizes, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: one.role != CONFIRMATORY))


def papers_gain() -> Iterator[tuple[PapersOwn, dict[str, float]]]:
    """Yield, for each source, the paper's MetaXL against its joint training, with the difference in each language."""
    scores = _scores()
    for own in papers_own():
        if own.key == MAIN:
            metaxl, joint = scores[own.group, "metaxl"], scores[own.group, "joint"]
            yield own, {target: metaxl[target] - joint[target] for target in metaxl}


def _scores() -> Scores:
    about = load_paper().tables[TABLE]
    targets = about["averages"]["average"]
    return {
        (row["source"], parse_slug(row["method"]).method.name): {target: row["values"][target] for target in targets}
        for row in about["rows"]
    }


def _contrasts(scores: Scores) -> Iterator[tuple[str, str, str, Role, OverLanguages]]:
    for pair in PAIRS:
        for group in (COMMON, RELATED):
            first = scores.get((group, pair.first))
            second = scores.get((group, pair.second)) or scores.get((NONE, pair.second))
            if first and second:
                label = f"{METHODS[pair.first].label} - {METHODS[pair.second].label}"
                yield pair.key, label, group, pair.role, _over(first, second)
    for key, method, role in OVER_SOURCES:
        label = f"{METHODS[method].label} from {RELATED} - {METHODS[method].label} from {NAMES[COMMON]}"
        yield key, label, RELATED, role, _over(scores[RELATED, method], scores[COMMON, method])


def _over(first: dict[str, float], second: dict[str, float]) -> OverLanguages:
    return over_languages([first[target] - second[target] for target in first])
