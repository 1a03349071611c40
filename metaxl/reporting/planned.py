"""What a design can show, told to a person: the answer of `metaxl power`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from metaxl.errors import ConfigError, DataError
from metaxl.files import read_json
from metaxl.reporting.statistics.components import Components
from metaxl.reporting.statistics.power import TARGET, needed, power, smallest, standard_error
from metaxl.reporting.statistics.verdict import PAPER, WORTH

EVIDENCE = "evidence.json"
# Points of F1. Measured in this workflow's runs of a small multilingual encoder on named entities: one method's runs
# differ by 1.0 to 1.2, and a paired difference on 1,000 sentences by 0.95, thus one sentence's influence by 30. No
# table of the method says how much languages differ; 1.0 is a guess.
RUN_SD, SENTENCE_SD, LANGUAGE_SD = 1.13, 30.0, 1.0
ASSUMED = Components(run=2 * RUN_SD**2, sentence=SENTENCE_SD**2, language=LANGUAGE_SD**2)
NAMES = ("run", "sentence", "language", "residual")


class Design(NamedTuple):
    """Numbers of languages, of seeds (pairs of runs a language) and of test sentences of each language."""

    languages: int
    seeds: int
    sentences: int

    def told(self) -> str:
        """Return it in words."""
        parts = [(self.languages, "language"), (self.seeds, "seed"), (self.sentences, "test sentence")]
        return ", ".join(_counted(number, what) for number, what in parts) + " each"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def measured(folder: Path) -> dict[str, Components]:
    """Return the components of variance, by task, that an experiment's evidence.json holds.

    A number that could not be measured there, null, is the assumed one. Where the runs' is, `language` holds them too,
    and what is assumed of them is taken away from it.

    Raises:
        DataError: the file is missing or malformed.
    """
    path = folder / EVIDENCE
    if not path.is_file():
        raise DataError(
            f"{path} is missing: results/NAME of an experiment whose tables are made is expected. Make them with "
            "snakemake ... tables, or leave --results out to plan with assumed variances."
        )
    content = read_json(path)
    found = content.get("components") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not found:
        raise DataError(
            f'{path}: "components" with the variances of each task is expected. Remove the file and make it again.'
        )
    return {task: _of_task(path, task, values) for task, values in found.items()}


def _of_task(path: Path, task: str, values: Any) -> Components:
    if isinstance(values, dict):
        numbers = {name: values[name] for name in NAMES if not _is_unknown(values.get(name))}
        if all(type(number) in (int, float) and 0 <= number < math.inf for number in numbers.values()):
            known = replace(ASSUMED, **numbers)
            if "run" not in numbers and "language" in numbers:
                known = replace(known, language=max(0.0, known.language - known.run))
            if known.residual <= known.sentence:
                return known
    raise DataError(
        f"{path}: the components of {task} are {values!r}; variances in points squared, 0 or more, under "
        f"{', '.join(NAMES[:3])} are expected. Remove the file and make it again."
    )


def _is_unknown(number: Any) -> bool:
    return number is None or (isinstance(number, float) and math.isnan(number))


def adjusted(known: Components, run: float | None, sentence: float | None, language: float | None) -> Components:
    """Return the components with those replaced whose standard deviation, in points, is given.

    `run` is that of one method's score between seeds; a difference of two such scores has twice its variance.

    Raises:
        ConfigError: one is below 0 or not finite.
    """
    for name, sd in (("run", run), ("sentence", sentence), ("language", language)):
        if sd is not None and not 0 <= sd < math.inf:
            raise ConfigError(f"--{name} {sd}: a standard deviation in points of F1, 0 or more, is expected.")
    if run is not None:
        known = replace(known, run=2 * run**2)
    if sentence is not None:
        known = replace(known, sentence=sentence**2, residual=0.0)
    return known if language is None else replace(known, language=language**2)


def describe(components: Mapping[str, Components], design: Design, effect: float | None) -> str:
    """Return what the design can show and what would be needed, a paragraph a task.

    Raises:
        ConfigError: a number of the design is below 1, or the effect is 0 or not finite.
    """
    if effect is not None and not 0 < abs(effect) < math.inf:
        raise ConfigError(f"--effect {effect}: a difference in points of F1 other than 0 is expected, such as 1.")
    effects = sorted({WORTH, PAPER, *([] if effect is None else [abs(effect)])})
    return "\n\n".join(_paragraph(task, known, design, effects) for task, known in components.items())


def _paragraph(task: str, known: Components, design: Design, effects: list[float]) -> str:
    run, sentence, language = (math.sqrt(v) for v in (known.run / 2, known.sentence, known.language))
    error = standard_error(known, *design)
    lines = [
        f"{task}: {design.told()}",
        f"  standard deviations, in points of F1: between runs of one method {run:.2f}, of one sentence's influence "
        f"{sentence:.1f}, between languages {language:.2f}",
        f"  standard error of a difference between two methods: {error:.2f}",
    ]
    if design.languages == 1:
        lines.append(f"  One language speaks for itself alone{_of_one_seed(design)}.")
    least = smallest(known, *design)
    if math.isnan(least):
        return "\n".join([*lines, "  One sentence of one language can be tested for nothing."])
    for size in effects:
        name = " (the paper's gain from English)" if size == PAPER else ""
        share = power(known, *design, size)
        lines.append(f"  a true difference of {size:g}{name} is found in {100 * share:.0f} % of such studies")
    lines.append(f"  smallest difference found in {100 * TARGET:.0f} %: {least:.2f}")
    lines.append("  (of one question by itself; adjusted for several questions, a study finds less)")
    return "\n".join([*lines, *(_need(known, design, size) for size in effects)])


def _of_one_seed(design: Design) -> str:
    return ", and one seed for its two trained models, not for the methods" if design.seeds == 1 else ""


def _need(known: Components, design: Design, effect: float) -> str:
    """Return the line of what finds an effect with the target power."""
    numbers = needed(known, *design, effect)
    kinds = [("language", numbers.languages)] if design.languages > 1 else []
    kinds += [("seed", numbers.seeds), ("test sentence", numbers.sentences)]
    possible = [_counted(number, what) for what, number in kinds if number is not None]
    impossible = [f"{what}s" for what, number in kinds if number is None]
    line = f"  to find {effect:g} in {100 * TARGET:.0f} %, the rest as it is: {', or '.join(possible) or 'nothing'}"
    return f"{line}; no number of {' or '.join(impossible)} is enough" if impossible else line
