"""Planning: power by the noncentral t, what is needed, and the command that tells it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from metaxl.cli.main import main
from metaxl.errors import ConfigError, DataError
from metaxl.reporting.planned import ASSUMED, Design, adjusted, describe, measured
from metaxl.reporting.statistics.components import Components, components
from metaxl.reporting.statistics.estimate import estimate
from metaxl.reporting.statistics.power import needed, power, smallest, standard_error
from metaxl.reporting.statistics.runs import OneLanguage, mean_squares, over_runs

KNOWN = Components(run=2.56, sentence=902.5, language=1.0)
WITH_RESIDUAL = Components(run=3.0, sentence=900.0, language=0.5, residual=600.0)


@pytest.mark.parametrize(
    ("languages", "sentences", "seeds", "error", "at_1", "at_paper"),
    [
        (8, 100, 1, 1.25, 0.11, 0.30),
        (9, 1000, 2, 0.59, 0.32, 0.86),
        (9, 1000, 3, 0.55, 0.36, 0.90),
        (9, 1000, 5, 0.52, 0.40, 0.94),
        (12, 1000, 3, 0.48, 0.48, 0.97),
    ],
)
def test_designs_that_were_worked_out_before(languages, sentences, seeds, error, at_1, at_paper):
    """Standard errors and powers that were simulated with other code, from these variances."""
    assert standard_error(KNOWN, languages, seeds, sentences) == pytest.approx(error, abs=0.0055)
    assert power(KNOWN, languages, seeds, sentences, 1.0) == pytest.approx(at_1, abs=0.0055)
    assert power(KNOWN, languages, seeds, sentences, 2.07) == pytest.approx(at_paper, abs=0.0055)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3])
@pytest.mark.parametrize("effect", [-2.0, 0.0, 0.7, 4.0])
def test_power_is_the_noncentral_t(effect, alpha):
    error, critical = standard_error(KNOWN, 9, 3, 1000), stats.t.ppf(1 - alpha / 2, 8)
    both = stats.nct.sf(critical, 8, effect / error) + stats.nct.cdf(-critical, 8, effect / error)
    assert power(KNOWN, 9, 3, 1000, effect, alpha) == pytest.approx(both, abs=1e-9)


def test_a_true_effect_of_nothing_is_found_at_the_level():
    for design in ((6, 1, 50), (8, 3, 100), (1, 3, 100), (1, 1, 40)):
        assert power(WITH_RESIDUAL, *design, 0.0) == pytest.approx(0.05)
    assert power(WITH_RESIDUAL, 2, 1, 50, 0.0) < 0.05, "two languages that agree by luck are not believed"


@pytest.mark.parametrize("languages", [2, 3, 5, 6, 14])
def test_power_rises_with_the_effect_and_is_a_number_however_large_that_is(languages):
    found = [power(WITH_RESIDUAL, languages, 2, 1000, effect) for effect in np.linspace(0, 80, 161)]
    assert all(0 <= share <= 1 for share in found)
    assert found == sorted(found)
    assert found[-1] > 0.99
    least = smallest(WITH_RESIDUAL, languages, 2, 1000)
    assert power(WITH_RESIDUAL, languages, 2, 1000, least) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("languages", [2, 3, 5])
def test_few_languages_have_the_power_that_their_test_has(languages):
    """By drawing means and standard errors, the latter never below what seeds and sentences leave open."""
    parts, draw = Components(run=2.5, sentence=900.0, language=1.0), np.random.default_rng(0)
    effect = smallest(parts, languages, 3, 1000) / 1.5
    within = parts.within(3, 1000)
    differences = effect + math.sqrt(1.0 + within) * draw.standard_normal((200_000, languages))
    error = np.maximum(differences.std(axis=1, ddof=1), math.sqrt(within)) / math.sqrt(languages)
    found = np.abs(differences.mean(axis=1)) > stats.t.ppf(0.975, languages - 1) * error
    assert found.mean() == pytest.approx(power(parts, languages, 3, 1000, effect), abs=0.005)


def test_smallest_and_needed_invert_power():
    """The smallest effect has exactly the power; a needed number has it and one fewer has not."""
    for design in ((8, 2, 200), (1, 4, 2000), (1, 1, 500)):
        assert power(WITH_RESIDUAL, *design, smallest(WITH_RESIDUAL, *design)) == pytest.approx(0.8)
    found = needed(WITH_RESIDUAL, 8, 2, 200, 2.5)
    for place, number in enumerate((found.languages, found.seeds, found.sentences)):
        for count, enough in ((number, True), (number - 1, False)):
            design = [8, 2, 200]
            design[place] = count
            assert (power(WITH_RESIDUAL, *design, 2.5) >= 0.8) == enough
    assert needed(WITH_RESIDUAL, 8, 2, 200, 0.5).seeds is None, "languages differ by more than seeds can average out"
    alone = needed(WITH_RESIDUAL, 1, 1, 100, 4.0)
    assert alone.languages is None
    assert alone.seeds is None or alone.seeds >= 2, "one seed says nothing of the methods"


def test_one_language_has_the_error_of_its_expected_analysis():
    """The language component is left out, and of one seed the runs too."""
    assert standard_error(WITH_RESIDUAL, 1, 4, 500) ** 2 == pytest.approx(WITH_RESIDUAL.within(4, 500))
    assert WITH_RESIDUAL.within(4, 500) == pytest.approx(3 / 4 + 300 / 500 + 600 / 2000)
    assert standard_error(WITH_RESIDUAL, 1, 1, 500) ** 2 == pytest.approx(900 / 500)


def test_designs_and_targets_that_do_not_exist_are_refused():
    for design in ((0, 1, 1), (1, 0, 1), (1, 1, -5)):
        with pytest.raises(ConfigError, match="1 or more"):
            standard_error(KNOWN, *design)
    with pytest.raises(ConfigError, match="A power of"):
        smallest(KNOWN, 8, 1, 100, target=1.2)
    with pytest.raises(ConfigError, match="effect of 0"):
        needed(KNOWN, 8, 1, 100, 0.0)
    assert math.isnan(power(KNOWN, 1, 1, 1, 2.0))
    assert math.isnan(smallest(KNOWN, 1, 1, 1))


def invented(draw, truth, languages=400, seeds=3, sentences=150):
    """Return analyses of languages with normal effects of each kind."""
    out = []
    for _ in range(languages):
        own = draw.normal(0, math.sqrt(truth.language))
        run = draw.normal(0, math.sqrt(truth.run), seeds)[:, None]
        shared = draw.normal(0, math.sqrt(truth.sentence - truth.residual), sentences)
        table = own + run + shared + draw.normal(0, math.sqrt(truth.residual), (seeds, sentences))
        out.append(of_table(table))
    return out


def of_table(table):
    """Return the analysis of a table of seeds and sentences through over_runs' own parts."""
    squares = mean_squares(table)
    variance, df = squares.of_mean()
    found = estimate(float(table.mean()), math.sqrt(variance), df)
    return OneLanguage(found, *table.shape, 0.0, *squares.components(), squares)


def test_components_find_the_variances_that_made_the_tables():
    """Unbiased to the sampling error of 400 languages, and their sum is what the differences vary by."""
    truth = Components(run=4.0, sentence=500.0, language=2.0, residual=300.0)
    seen = invented(np.random.default_rng(0), truth)
    differences = [one.estimate.mean for one in seen]
    found = components(seen, differences)
    assert found.run == pytest.approx(4.0, rel=0.15)
    assert found.sentence == pytest.approx(500, rel=0.02)
    assert found.residual == pytest.approx(300, rel=0.02)
    assert found.language == pytest.approx(2.0, rel=0.3)
    assert found.language + found.within(3, 150) == pytest.approx(np.var(differences, ddof=1))


def test_one_seed_leaves_runs_with_languages_and_one_language_knows_no_other():
    truth = Components(run=4.0, sentence=500.0, language=2.0, residual=300.0)
    seen = invented(np.random.default_rng(1), truth, seeds=1)
    found = components(seen, [one.estimate.mean for one in seen])
    assert math.isnan(found.run)
    assert found.residual == 0
    assert found.within(1, 100) == pytest.approx(found.sentence / 100)
    assert found.language == pytest.approx(6.0, rel=0.25)
    assert found.sentence == pytest.approx(500, rel=0.02)
    alone = components(seen[:1], [1.0])
    assert math.isnan(alone.language)
    assert power(alone, 1, 1, 150, 3.0) > 0.05
    with pytest.raises(DataError, match="one of each a language"):
        components(seen, [1.0])


def test_components_of_models_that_are_the_same_are_nothing():
    counts = np.tile([1.0, 0, 1], (20, 1))
    same = over_runs([(counts, counts)] * 2)
    found = components([same, same], [0.0, 0.0])
    assert found == Components(0, 0, 0, 0)
    assert power(found, 2, 2, 20, 1.0) == 1
    assert smallest(found, 2, 2, 20) == 0


def told(capsys, *arguments):
    code = main(["power", "--languages", "14", "--seeds", "2", "--sentences", "1000", *arguments])
    return code, capsys.readouterr().out


def test_the_command_tells_what_a_design_can_show(capsys):
    code, text = told(capsys, "--effect", "1.5")
    assert code == 0
    assert "standard error of a difference between two methods: 0.48" in text
    for size in (1.0, 1.5, 2.07):
        share = f"{100 * power(ASSUMED, 14, 2, 1000, size):.0f} %"
        (line,) = [line for line in text.splitlines() if f"difference of {size:g} " in line]
        assert share in line
    assert f"found in 80 %: {smallest(ASSUMED, 14, 2, 1000):.2f}" in text
    assert f"to find 1 in 80 %, the rest as it is: {needed(ASSUMED, 14, 2, 1000, 1.0).languages} languages" in text


def test_given_deviations_replace_assumed_ones():
    """A run's is of one method: the difference of two has twice its variance."""
    found = adjusted(ASSUMED, run=2.0, sentence=10.0, language=0.0)
    assert found == Components(run=8.0, sentence=100.0, language=0.0)
    assert adjusted(ASSUMED, None, None, None) == ASSUMED


def test_measured_variances_are_read_by_task(tmp_path, capsys):
    """What one language could not measure, null, is assumed; a further key of the file is no matter."""
    written = {"ner": {"run": 1.0, "sentence": 400.0, "language": None}, "sentiment": asdict(WITH_RESIDUAL)}
    (tmp_path / "evidence.json").write_text(json.dumps({"components": written, "more": 1}))
    assert measured(tmp_path) == {
        "ner": Components(1.0, 400.0, ASSUMED.language),
        "sentiment": WITH_RESIDUAL,
    }
    code, text = told(capsys, "--results", str(tmp_path), "--language", "0.3")
    assert code == 0
    assert [line.split(":")[0] for line in text.splitlines() if line and line[0] != " "] == ["ner", "sentiment"]
    assert text.count("between languages 0.30") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "with the variances of each task"),
        ('{"components": {}}', "with the variances of each task"),
        ('{"components": {"ner": {"run": -1}}}', "0 or more"),
        ('{"components": {"ner": {"run": true}}}', "0 or more"),
        ('{"components": {"ner": 3}}', "0 or more"),
        ('{"components": {"ner": {"sentence": 1, "residual": 2}}}', "0 or more"),
        ("{", "expected a JSON file"),
    ],
)
def test_a_malformed_file_is_named(tmp_path, content, message):
    (tmp_path / "evidence.json").write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        measured(tmp_path)
    assert str(tmp_path / "evidence.json") in str(caught.value)


def test_a_missing_file_and_senseless_values_are_said_in_a_sentence(tmp_path, caplog):
    for wrong, message in (
        (["--results", str(tmp_path)], "evidence.json is missing"),
        (["--run", "-1"], "--run -1.0: a standard deviation"),
        (["--sentence", "nan"], "--sentence nan: a standard deviation"),
        (["--effect", "0"], "--effect 0.0: a difference"),
        (["--seeds", "0"], "0 seeds"),
    ):
        caplog.clear()
        assert main(["power", "--languages", "3", "--seeds", "2", "--sentences", "100", *wrong]) == 1
        assert message in caplog.text


def test_one_language_is_told_what_it_speaks_for():
    text = describe({"ner": ASSUMED}, Design(1, 1, 1000), None)
    assert "One language speaks for itself alone, and one seed for its two trained models" in text
    assert "languages" not in text.split("speaks for itself")[1]
    assert "1 language, 1 seed, 1,000 test sentences each" in text
    assert "can be tested for nothing" in describe({"ner": ASSUMED}, Design(1, 1, 1), None)


def test_other_commands_start_without_scipy():
    code = "import sys, metaxl.cli.main; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
