"""A cell is a function of its settings, data and seed; what it writes is complete, and faults lose nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from cells import CPU, METHODS, SWITCHES, files_of, run_of, spec_of, train
from conftest import LAYERS, WORDS, encoded

from metaxl.encoder.shape import WORDS as WORD_TABLE
from metaxl.errors import ConfigError, DataError, TrainingError
from metaxl.experiment.spec import CellSpec
from metaxl.files import read_jsonl
from metaxl.tasks import NER
from metaxl.training.build import build_learner
from metaxl.training.data import CellData
from metaxl.training.feed import HALVES, make_feed, sentences_of_steps
from metaxl.training.loop import Run


@pytest.fixture(scope="module")
def trained(place, tmp_path_factory):
    """Return a function that gives the folder and the record of a method's usual cell, which is trained once."""

    @cache
    def of(method):
        folder = tmp_path_factory.mktemp("trained") / "cell"
        return folder, train(place, folder, spec_of(method))

    return of


@pytest.mark.parametrize("method", METHODS)
def test_the_same_cell_twice_is_byte_equal_and_its_scores_are_its_predictions(place, trained, tmp_path, method):
    first, record = trained(method)
    records = [dict(record), train(place, tmp_path / "again", spec_of(method))]
    for name in ("predictions.jsonl", "history.jsonl", "representations.npz"):
        assert (first / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    for record in records:
        record.pop("resources")
    assert records[0] == records[1]
    lines, labels = read_jsonl(first / "predictions.jsonl"), spec_of(method).labels
    for split in ("dev", "test"):
        chosen = [line for line in lines if line["split"] == split]
        pair = [line["gold"] for line in chosen], [line["predicted"] for line in chosen]
        again = NER.score(labels, *pair) | {"by_type": NER.score_by_type(labels, *pair)}
        assert again == records[0]["best"][split]
        assert len(chosen) == {"dev": 6, "test": 7}[split]


def test_the_scores_are_written_last(place, tmp_path, monkeypatch):
    """A cell that is killed before has no scores.json, and so counts as not trained."""
    written = []
    for kind in ("replace", "rename"):
        move = getattr(Path, kind)
        monkeypatch.setattr(Path, kind, lambda self, to, move=move: (written.append(Path(to).name), move(self, to))[1])
    train(place, tmp_path / "cell", spec_of("target"))
    assert written[-1] == "scores.json"
    live = {"history.jsonl"}  # it grows by a line an epoch
    written = [name for name in written if name != "owner.json"]  # in the workspace
    assert {path.name for path in (tmp_path / "cell").iterdir()} - live == set(written)
    assert len(written) >= 3


def test_another_seed_is_another_cell(place, trained, tmp_path):
    (folder, first), second = trained("metaxl-L1"), train(place, tmp_path, spec_of("metaxl-L1", seed=2))
    assert first["cell"]["seed"] == 1
    assert (folder / "history.jsonl").read_bytes() != (tmp_path / "history.jsonl").read_bytes()
    assert first["provenance"]["data"] == second["provenance"]["data"]


def test_a_run_takes_the_steps_that_the_method_defines(trained):
    counts = {method: trained(method)[1]["steps"] for method in METHODS}
    # 10 target rows make 3 batches of at most 4, 12 source rows make 3.
    assert counts == {method: 9 if method == "target" else 6 for method in METHODS}


def test_the_best_epoch_is_the_first_with_the_best_dev_score_and_is_what_is_predicted(place, tmp_path):
    record = train(place, tmp_path, spec_of("joint", epochs=6))
    dev = [line["dev_f1"] for line in read_jsonl(tmp_path / "history.jsonl")]
    assert record["best"]["epoch"] == dev.index(max(dev)) + 1
    assert record["best"]["dev"]["f1"] == max(dev)
    assert record["last"]["epoch"] == 6
    assert record["last"]["dev"]["f1"] == dev[-1]


def last_epoch(trained, method):
    """Return what a method logs of its last epoch."""
    return read_jsonl(trained(method)[0] / "history.jsonl")[-1]


def test_a_frozen_rtn_does_not_travel_and_a_trained_one_does(trained):
    travel = {}
    for method in ("metaxl-L1", "metaxl-frozen-L1"):
        logged = last_epoch(trained, method)
        travel[method] = logged["phi_travel"]
        assert 0 < logged["gate_mean_L1"] < 1
    assert travel["metaxl-frozen-L1"] == 0.0
    assert travel["metaxl-L1"] > 0.0


def test_two_layers_learn_their_weights(trained):
    alpha = last_epoch(trained, "metaxl-L0-3")["alpha"]
    assert sum(alpha) == pytest.approx(1.0)
    assert alpha[0] != alpha[1]


def test_the_schedule_warms_up_from_zero_and_decays_to_zero(place):
    run = run_of(place, spec_of("joint", epochs=10, warmup=0.2))
    rates = [run._schedule(step) for step in range(31)]
    assert rates[0] == 0.0
    assert rates[6] == 1.0
    assert rates[30] == 0.0
    assert np.all(np.diff(rates[:7]) > 0)
    assert np.all(np.diff(rates[6:]) < 0)


def target_roles(place, split):
    """Return the roles of target examples in 60 steps: (halves that join theta's loss, halves that judge)."""
    spec = spec_of("metaxl-L1", switches=replace(SWITCHES, target_split=split))
    data = CellData.load(files_of(place, spec))
    return [tuple(set(chosen[half][1]) for half in HALVES) for chosen in islice(sentences_of_steps(spec, data), 60)]


def test_target_examples_play_the_roles_that_the_split_gives_them(place):
    everyone = set(range(10))
    for split in ("halves", "disjoint", "shared", "crossed"):
        roles = target_roles(place, split)
        descend, judge = (set.union(*(pair[role] for pair in roles)) for role in (0, 1))
        assert all((one == other) if split == "shared" else not one & other for one, other in roles)
        if split == "disjoint":
            assert not descend & judge
            assert descend | judge == everyone
        else:
            assert descend == judge == everyone


def test_crossed_roles_are_those_of_disjoint_and_swap_from_epoch_to_epoch(place):
    """12 source rows in batches of at most 4 make epochs of 3 steps."""
    disjoint, crossed = (target_roles(place, split) for split in ("disjoint", "crossed"))
    for step, (fixed, swapped) in enumerate(zip(disjoint, crossed, strict=True)):
        assert swapped == (fixed[::-1] if step // 3 % 2 else fixed)


def test_a_method_that_takes_what_is_not_there_is_told(place):
    spec = spec_of("target")
    spec = replace(spec, recipe=replace(spec.recipe, takes=("source+target",)))
    with pytest.raises(ConfigError, match=r"its method takes 'source', but there is only target, half, other half"):
        run_of(place, spec)


def test_one_target_example_cannot_be_halved(place, tmp_path):
    encoded(place, "ner", 1, 5).save(tmp_path / "one.npz")
    files = files_of(place, spec_of("metaxl-L1")) | {"train": tmp_path / "one.npz"}
    data = CellData.load(files)
    for method in ("joint", "metaxl-L1"):
        spec = spec_of(method)
        learner = build_learner(spec, place, data.rows, CPU)
        if method == "joint":
            make_feed(spec, learner, data)
        else:
            with pytest.raises(DataError, match="one target example cannot be split"):
                make_feed(spec, learner, data)


def test_training_touches_only_the_vocabulary_of_its_data(place, tmp_path):
    from safetensors.torch import load_file

    spec = spec_of("metaxl-L1")
    train(place, tmp_path, spec, tmp_path / "model")
    before, after = load_file(place / "model.safetensors"), load_file(tmp_path / "model" / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    rows = CellData.load(files_of(place, spec)).rows
    moved = (before[name] != after[f"roberta.{name}"]).any(dim=1).nonzero().flatten().tolist()
    assert set(moved) <= set(rows.tolist())
    assert len(moved) > 10


@pytest.mark.parametrize(("clip_norm", "tolerance"), [(1e6, 0.0), (0.1, 1e-5)])
@pytest.mark.parametrize("method", METHODS)
def test_training_on_the_vocabulary_of_the_data_equals_training_on_all_of_it(place, method, clip_norm, tolerance):
    """Digit for digit, L2 included, for no step reads another row; with clipping, to the rounding of the norm's sum."""
    spec = spec_of(method, clip_norm=clip_norm)
    few = CellData.load(files_of(place, spec))
    parts = {role: replace(part, ids=few.rows[part.ids]) for role, part in asdict_of(few).items()}
    every = CellData(**{"source": None, **parts}, rows=np.arange(len(WORDS) + 5))
    assert len(few.rows) < len(every.rows)
    thetas, phis = [], []
    for data in (few, every):
        run = Run(spec, build_learner(spec, place, data.rows, CPU), data)
        run.train()
        thetas.append(run.learner.theta)
        phis.append(run.learner.phi)
    thetas[1][WORD_TABLE] = thetas[1][WORD_TABLE][few.rows]
    for restricted, full in (thetas, phis):
        for name, value in restricted.items():
            torch.testing.assert_close(value, full[name], rtol=tolerance, atol=tolerance)


def asdict_of(data):
    parts = {role: getattr(data, role) for role in ("train", "dev", "test", "source")}
    return {role: part for role, part in parts.items() if part is not None}


def test_the_kept_model_predicts_what_predictions_say(place, tmp_path):
    from reference import Reference

    train(place, tmp_path, spec_of("joint", task="sentiment"), tmp_path / "model")
    reference = Reference(tmp_path / "model", "sentiment")
    data = encoded(place, "sentiment", 7, seed=2)
    best = reference.logits(reference.theta, data, range(7)).argmax(dim=1)
    theirs = [reference.model.config.id2label[int(i)] for i in best]
    lines = read_jsonl(tmp_path / "predictions.jsonl")
    assert theirs == [line["predicted"][0] for line in lines if line["split"] == "test"]


def test_a_loss_that_is_not_finite_stops_the_cell_which_has_no_score(place, tmp_path):
    with pytest.raises(
        TrainingError, match=r"cells/tiny/ner/qu/en/joint/seed1: loss, gradient_norm not finite at step \d+.*Lower ner"
    ):
        train(place, tmp_path / "cell", spec_of("joint", learning_rate=1e30, clip_norm=1e30))
    assert {path.name for path in (tmp_path / "cell").iterdir()} <= {"history.jsonl"}


def test_a_first_step_that_is_not_finite_blames_the_encoder_and_no_rate(place):
    run = run_of(place, spec_of("joint"))
    run.learner.theta.vector.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"at step 1,.*look at the weights of encoder 'tiny'") as caught:
        run.train()
    assert "Lower" not in str(caught.value)


def test_a_look_ahead_that_is_not_finite_at_the_first_step_blames_the_inner_rate(place):
    """It alone has felt a rate by then."""
    run = run_of(place, spec_of("metaxl-L1"))
    step = run.feed.step
    run.feed = replace(run.feed, step=lambda rates: step(rates) | {"meta_loss": torch.tensor(float("nan"))})
    with pytest.raises(TrainingError, match=r"meta_loss not finite at step 1,.*Lower method\.inner_rate"):
        run.train()


def test_a_layer_that_the_encoder_lacks_is_named(place, tmp_path):
    with pytest.raises(ConfigError, match=rf"layer 12 does not exist; encoder 'tiny' has layers 0 .* to {LAYERS}"):
        train(place, tmp_path, spec_of("metaxl-L12"))


def test_more_subwords_than_positions_are_refused(place, tmp_path):
    with pytest.raises(ConfigError, match="512 subwords asked for, but encoder 'tiny' has 38 positions"):
        train(place, tmp_path, spec_of("joint", eval_max_length=512))


def test_a_training_process_imports_no_data_or_model_library():
    code = (
        "import sys, metaxl.training.train; names = {m.partition('.')[0] for m in sys.modules};"
        "print(sorted(names & {'transformers', 'datasets', 'pandas', 'sklearn', 'seqeval', 'snakemake', 'jsonschema'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_spec_survives_its_trip_through_the_command_line():
    spec = spec_of("metaxl-L0-3")
    assert CellSpec.from_dict(json.loads(spec.to_json())) == spec


def rates_of(run):
    """Train, and return the rates of each step; the first is taken for all, for none has a say in the next one's."""
    seen, done, step = [], [], run.feed.step

    def watched(rates):
        seen.append(rates)
        done.append(done[0] if done else step(rates))
        return done[0]

    run.feed = replace(run.feed, step=watched)
    run.train()
    return seen


def test_the_inner_rate_follows_the_schedule_or_is_constant(place):
    for inner, expected in (("scheduled", None), (0.3, 0.3)):
        run = run_of(place, spec_of("metaxl-L1", switches=replace(SWITCHES, inner_rate=inner), epochs=10, warmup=0.2))
        theta, phi, eta = map(list, zip(*rates_of(run), strict=True))
        assert theta == phi == pytest.approx([1e-2 * run._schedule(step) for step in range(30)])
        assert eta == (theta if expected is None else [expected] * 30)


def test_the_official_joint_rtn_has_no_residual_and_no_detach():
    official = spec_of("joint-rtn-L1", switches=replace(SWITCHES, joint_rtn_forward="official")).switches
    assert (official.residual, official.rtn_input) == ("none", "attached")
    assert spec_of("joint-rtn-L1").switches == SWITCHES


def test_an_infinite_gradient_is_seen_even_where_the_loss_is_finite(place):
    run = run_of(place, spec_of("joint"))
    step = run.feed.step
    run.feed = replace(run.feed, step=lambda rates: step(rates) | {"gradient_norm": torch.tensor(float("inf"))})
    with pytest.raises(TrainingError, match="gradient_norm not finite at step 1"):
        run.train()
