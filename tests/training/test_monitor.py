"""What is written down while a cell trains: the schedule's length, losses seen and unseen, and what moves phi."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cells import SWITCHES, run_of, spec_of, train

from metaxl.encoder.batch import make_batch
from metaxl.files import read_jsonl
from metaxl.training import loop
from metaxl.training.monitor import last_fall


def trained(place, method, **settings):
    run = run_of(place, spec_of(method, **settings))
    run.train()
    return run


def test_the_official_schedule_ends_at_the_fraction_and_stays_at_zero(place):
    """12 source examples in batches of 5 are 2.4 steps of the official schedule an epoch, and 3 steps."""
    official = replace(SWITCHES, schedule_length="official")
    ours, theirs = (run_of(place, spec_of("joint", epochs=10, batch_size=5, switches=s)) for s in (SWITCHES, official))
    steps = range(ours.feed.steps_per_epoch * ours.feed.epochs)
    assert theirs.feed.scheduled == pytest.approx(24)
    rates = np.array([theirs._schedule(step) for step in steps])
    assert (rates[24:] == 0).all()
    assert (rates[1:24] > 0).all()
    assert all(ours._schedule(step) > 0 for step in steps[1:])


@pytest.mark.parametrize("method", ["target", "joint", "metaxl-L1"])
def test_min_steps_adds_epochs(place, method):
    few, many = (run_of(place, spec_of(method, min_steps=n)) for n in (1, 40))
    assert few.feed.epochs == run_of(place, spec_of(method)).feed.epochs
    assert 40 <= many.feed.epochs * many.feed.steps_per_epoch < 40 + many.feed.steps_per_epoch
    assert many.feed.scheduled == many.feed.epochs * many.feed.steps_per_epoch


def test_a_rate_of_the_heads_own_moves_the_head_alone_otherwise(place):
    """Adam's first step moves each weight by about its rate: the head goes ten times as far, the encoder as before."""
    travel = {}
    for factor in (1.0, 10.0):
        spec = spec_of("joint", head_learning_rate=factor, weight_decay=0.0, warmup=0.0)
        run = run_of(place, spec)
        before = loop.snapshot(run.learner.theta)
        run.feed.step(run._rates())
        travel[factor] = {name: run.learner.theta[name] - value for name, value in before.items()}
    head = run_of(place, spec_of("joint")).learner.network.of_head()
    assert head
    for name, moved in travel[1.0].items():
        torch.testing.assert_close(travel[10.0][name], moved * (10 if name in head else 1), rtol=1e-3, atol=1e-6)


def test_losses_seen_and_unseen_are_those_of_train_and_dev(place):
    run = trained(place, "joint", epochs=3)
    network, theta = run.learner.network.evaluating(), run.learner.theta
    for name, data in (("seen", run.data.train), ("unseen", run.data.dev)):
        batch = make_batch([(data, np.arange(len(data)))], theta.vector.device, theta.vector.dtype)
        expected = F.cross_entropy(network.scores(theta, batch), batch.labels)
        assert run.history[-1][f"target_loss_{name}"] == pytest.approx(float(expected), rel=1e-5)


def test_a_decaying_rtn_travels_towards_zero_and_no_other_way(place):
    decaying = replace(SWITCHES, phi_decay="decoupled", meta_weight_decay=0.5)
    row = trained(place, "metaxl-decay-L1", switches=decaying).history[-1]
    first = trained(place, "metaxl-frozen-L1", switches=decaying).history[-1]
    assert row["phi_towards_zero"] == pytest.approx(1.0)
    assert row["phi_travel"] == pytest.approx(first["phi_norm"] - row["phi_norm"], rel=1e-4)
    assert row["phi_decay_norm"] == pytest.approx(0.5 * row["phi_norm"])
    assert 0 < row["rtn_change_L1"] < first["rtn_change_L1"]
    assert first["phi_travel"] == first["phi_towards_zero"] == 0.0


def test_joint_half_is_metaxl_whose_rtn_is_silent(place):
    """Source and half the target batch, summed: theta goes where MetaXL's goes with an RTN that changes nothing."""
    half, full = (run_of(place, spec_of(method, warmup=0.0)) for method in ("joint-half", "metaxl-L1"))
    for name, value in full.learner.phi.items():
        if ".up." in name:
            value.data.zero_()
    told = []
    for run in (half, full):
        torch.manual_seed(1)  # the same dropout masks
        told.append(run.feed.step(run._rates()))
    torch.testing.assert_close(half.learner.theta.vector, full.learner.theta.vector, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(told[0]["source_loss"], told[1]["source_loss"])


def test_the_history_grows_by_a_line_an_epoch_while_the_cell_trains(place, tmp_path, monkeypatch):
    """A reader of the file sees every epoch that is over, before the cell is."""
    seen = []
    epoch = loop.Run._epoch

    def watched(run, pause):
        seen.append(len(read_jsonl(tmp_path / "history.jsonl")))
        return epoch(run, pause)

    monkeypatch.setattr(loop.Run, "_epoch", watched)
    train(place, tmp_path, spec_of("metaxl-L1", epochs=4))
    assert seen == [0, 1, 2, 3]
    row = read_jsonl(tmp_path / "history.jsonl")[-1]
    assert {"hypergradient_norm", "phi_decay_norm", "phi_towards_zero", "rtn_change_L1", "gate_mean_L1"} <= set(row)


@pytest.mark.parametrize(
    ("losses", "share"),
    [([4.0, 2.0, 1.0], 1 / 3), ([4.0, 1.0, 1.0], 0.0), ([2.0, 1.0], None), ([1.0, 2.0, 3.0], None), ([3.0], None)],
)
def test_the_last_epochs_share_of_the_fall(losses, share):
    assert last_fall(losses) == (None if share is None else pytest.approx(share))


def test_a_cell_that_is_still_learning_says_so_in_record_and_log(place, tmp_path, caplog):
    with caplog.at_level("INFO", "metaxl"):
        record = train(place, tmp_path, spec_of("joint", epochs=3, learning_rate=5e-3))
    losses = [row["loss"] for row in read_jsonl(tmp_path / "history.jsonl")]
    assert record["last_fall"] == pytest.approx((losses[1] - losses[2]) / (losses[0] - losses[2]))
    assert record["last_fall"] > 0.1
    assert "cells/tiny/ner/qu/en/joint/seed1: under-trained?" in caplog.text
