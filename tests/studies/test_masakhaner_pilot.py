"""The pilot chooses by its rule, from what its runs report of dev."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cells import spec_of

from metaxl.experiment.cell import Cell
from studies.masakhaner import pilot
from studies.masakhaner.choice import PHI_RATES, Setting, best, chosen, enough
from studies.masakhaner.pilot import every_setting, run_stages

SETTLED = Setting("theta", "joint", 1e-4, 10.0, 6)  # in the invented world


class Invented:
    """In place of the pool: every run has the dev F1 that a function gives, at its last epoch and at its best."""

    def __init__(self, dev):
        self.dev, self.trained = dev, []

    def train(self, jobs):
        """Write the histories at once."""
        for job in jobs:
            spec = job.parsed()
            self.trained.append(spec)
            job.out.mkdir(parents=True, exist_ok=True)
            rising = [0.0] * (spec.training.epochs - 2)
            lines = [json.dumps({"dev_f1": value / 100}) for value in (*rising, *self.dev(spec))]
            (job.out / "history.jsonl").write_text("\n".join(lines), encoding="utf-8")
            yield spec.cell.path


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Return a prepared pilot's folder."""
    monkeypatch.setattr(pilot, "RESULTS", tmp_path / "results")
    slugs = ("joint", "metaxl-L12", "metaxl-frozen-L12")
    base = {slug: replace(spec_of(slug), cell=Cell("e", "ner", "hau", "en", slug, 1)).to_json() for slug in slugs}
    (tmp_path / "base.json").write_text(json.dumps(base | {"encoder": "nowhere"}), encoding="utf-8")
    return tmp_path


def truth(spec):
    """Return dev F1 of an invented world: best at 1e-4 and factor 10, 600 steps enough, phi best at 1e-3."""
    training, phi = spec.training, spec.training.meta_learning_rate
    value = 50 - (5 if training.learning_rate != 1e-4 else 0) - (3 if training.head_learning_rate != 10 else 0)
    value += {3: 0, 6: 2, 12: 2.9}[training.epochs] - {"xho": 4}.get(spec.cell.target, 0)
    return [value - 6, value + (1 if phi == 1e-3 else 0)]


def test_each_stage_trains_with_what_the_one_before_chose(prepared):
    """The highest dev F1 at the last epoch chooses; of lengths the shortest that twice as many steps hardly improve."""
    pool = Invented(truth)
    list(run_stages(prepared, pool))
    assert chosen(every_setting(prepared, SETTLED)) == {
        "learning_rate": 1e-4,
        "head_learning_rate": 10,
        "epochs": 6,
        "meta_learning_rate": 1e-3,
    }
    moved = [spec for spec in pool.trained if spec.cell.method.startswith("metaxl")]
    assert {(s.training.learning_rate, s.training.head_learning_rate, s.training.epochs) for s in moved} == {
        (1e-4, 10, 6)
    }
    assert len(moved) == 2 * (1 + len(PHI_RATES))
    assert len(pool.trained) == len({spec.cell.path for spec in pool.trained}) == 4 * (6 + 2) + len(moved)


def test_a_setting_that_collapsed_once_is_not_chosen(prepared):
    """However high the others of its runs are."""

    def dev(spec):
        broken = spec.training.learning_rate == 1e-4 and spec.cell.seed == 2 and spec.cell.target == "hau"
        return [60, 10] if broken else [9 * value for value in truth(spec)]

    list(run_stages(prepared, Invented(dev)))
    assert chosen(every_setting(prepared, SETTLED))["learning_rate"] != 1e-4


@pytest.mark.parametrize(("at", "epochs"), [((50, 50.9, 60), 3), ((50, 52, 52.9), 6), ((50, 52, 54), 12)])
def test_the_shortest_length_that_is_enough(prepared, at, epochs):
    """Twice as many steps must bring a point."""
    list(run_stages(prepared, Invented(truth)))
    lengths = [one for one in every_setting(prepared, SETTLED) if one.setting.stage == "length"]
    seen = [
        replace(lengths[0], last=f1, setting=replace(lengths[0].setting, epochs=e))
        for e, f1 in zip((3, 6, 12), at, strict=True)
    ]
    assert enough(reversed(seen)).epochs == epochs


def test_the_table_holds_what_was_seen(prepared, monkeypatch):
    """A row for each setting."""
    list(run_stages(prepared, Invented(truth)))
    monkeypatch.setattr(pilot, "SETTLED", SETTLED)
    pilot.write_table(prepared)
    rows = (prepared / "results" / "pilot.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(every_setting(prepared, SETTLED))
    assert rows[1] == "theta,joint,3e-05,1.0,6,0.0,42.00,42.00,4,hau xho,yes,no"


def test_a_setting_with_a_missing_run_is_not_chosen(prepared):
    """Its mean is of other languages than the others'."""
    list(run_stages(prepared, Invented(truth)))
    for path in prepared.glob("cells/e/ner/xho/en/joint.0.0001-10-6-0/seed*/history.jsonl"):
        path.unlink()
    seen = every_setting(prepared, SETTLED)
    (cut,) = [one for one in seen if one.setting == SETTLED]
    assert (cut.languages, cut.whole, cut.collapsed) == (("hau",), False, False)
    assert best(one for one in seen if one.setting.stage == "theta") != SETTLED


def test_the_committed_table_is_that_of_the_kept_histories(monkeypatch, tmp_path):
    """To the byte."""
    kept = Path(pilot.__file__).parent
    monkeypatch.setattr(pilot, "RESULTS", tmp_path)
    pilot.write_table(kept / "pilot")
    assert (tmp_path / "pilot.csv").read_bytes() == (kept / "results" / "pilot.csv").read_bytes()
