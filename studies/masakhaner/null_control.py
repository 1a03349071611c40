"""The null control: joint training with one seed against joint training with another, under the study's tests.

Both are the same method, so that all they differ by is luck. plan.md says how its cells were trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

from metaxl.errors import DataError
from metaxl.reporting.evidence.words import interval, said, signed
from metaxl.reporting.paper import name_of_code
from metaxl.reporting.statistics.languages import FEW, over_languages
from metaxl.reporting.statistics.verdict import verdict

SEEDS = (21, 22)


def null_control(root: Path) -> str:
    """Return what the null control says, in two paragraphs.

    Args:
        root: the folder whose cells/ and config.json `metaxl keep` wrote.

    Raises:
        DataError: there are fewer languages than a sign-flip test can judge, or one has not both seeds.
    """
    planned = [entry["language"] for entry in json.loads((root / "config.json").read_text("utf-8"))["ner"]["targets"]]
    languages = [language for language in planned if any(root.glob(f"cells/*/ner/{language}"))]
    if len(languages) < FEW:
        raise DataError(f"{root}: {len(languages)} languages of the null control; {FEW} are needed to judge it.")
    best, last = (_differences(root, languages, checkpoint) for checkpoint in ("best", "last"))
    found, late = over_languages(best), over_languages(last)
    word, late_word = (said(verdict(one.estimate, one.estimate.p_value), "null") for one in (found, late))
    names = ", ".join(name_of_code(language) or language for language in languages)
    return "\n".join(
        [
            f"JT with seed {SEEDS[0]} - JT with seed {SEEDS[1]}, in {len(languages)} of the {len(planned)} languages "
            f"({names}): {interval(found.estimate)}, "
            f"p = {found.estimate.p_value:.2f}, by sign flips {found.flip_p:.2f}, above 0 in {found.wins}. "
            f"The answer is *{word}*. Of the last epoch: {interval(late.estimate)}, *{late_word}*.",
            "",
            "By luck alone, then, one language's F1 differs between two such runs by "
            f"{fmean(one**2 for one in best) ** 0.5:.1f} points (root mean square), at most here by "
            f"{signed(max(best, key=abs))}, and the mean of {len(languages)} languages by {signed(fmean(best))}.",
        ]
    )


def _differences(root: Path, languages: list[str], checkpoint: str) -> list[float]:
    """Return of each language F1 on test in percent with the first seed, less that with the second."""
    return [_f1(root, name, SEEDS[0], checkpoint) - _f1(root, name, SEEDS[1], checkpoint) for name in languages]


def _f1(root: Path, language: str, seed: int, checkpoint: str) -> float:
    paths = list(root.glob(f"cells/*/ner/{language}/en/joint/seed{seed}/scores.json"))
    if len(paths) != 1:
        raise DataError(f"{root}: {len(paths)} records of {language} with seed {seed}; one is expected.")
    return 100 * float(json.loads(paths[0].read_text(encoding="utf-8"))[checkpoint]["test"]["f1"])
