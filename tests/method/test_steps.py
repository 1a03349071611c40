"""The MetaXL step is exact: its gradients equal the unrolled definition and finite differences, in float64.

The reference is the transformers modules on padded batches with RTNs in hooks (tests/helpers/reference.py), so these
tests also hold the packed encoder to the library's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import LAYERS, encoded, make_encoder
from reference import Reference
from switches import DEFAULT, ETA

from metaxl.encoder.batch import make_batch
from metaxl.encoder.checkpoint import save_model
from metaxl.encoder.packed import open_network
from metaxl.files import read_json, write_json
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.plain import plain_step
from metaxl.method.rtn import RTN
from metaxl.method.steps import frozen_step, joint_rtn_step, metaxl_step
from metaxl.tasks import TASKS

RATES = Rates(theta=ETA, phi=0.0, eta=ETA)
PLACEMENTS = [(0,), (1,), (LAYERS,), (0, LAYERS)]


# The official code's "JT with RTN".
OFFICIAL_JOINT = {"residual": "none", "rtn_input": "attached"}


class Descent:
    """Plain gradient descent at a rate of its own that remembers the last gradients it was given."""

    def __init__(self, parameters, rate):
        self.parameters = list(parameters)
        self.rate = rate

    def step(self, _, gradients, divisor=None):
        self.gradients = [gradient.detach() / (1.0 if divisor is None else divisor) for gradient in gradients]
        for value, gradient in zip(self.parameters, self.gradients, strict=True):
            value.data -= self.rate * gradient


class Setting:
    """A learner of the package and the reference with the same parameters, and three batches."""

    def __init__(self, folder, tmp_path, placement, switches=DEFAULT, task="ner"):
        task = TASKS[task]
        data = [encoded(folder, task.name, count, seed) for count, seed in ((6, 1), (3, 2), (4, 3))]
        rows = np.arange(65)
        generator = torch.Generator().manual_seed(1)
        network, theta = open_network(folder, task, task.label_set(task.usual), rows, generator)
        theta = {name: value + 0.1 * torch.randn(value.shape, generator=generator) for name, value in theta.items()}
        save_model(tmp_path / "model", folder, task, task.label_set(task.usual), theta, rows, {})
        rtn = RTN(placement, switches)
        phi = rtn.initialise(network.hidden, 8, generator)
        phi = {name: value + 0.1 * torch.randn(value.shape, generator=generator) for name, value in phi.items()}
        self.reference = Reference(tmp_path / "model", task.name)
        self.placement = placement
        self.parts = [(part, np.arange(len(part))) for part in data]
        self.phi = {name: value.double().requires_grad_() for name, value in phi.items()}
        theta = Flat.of({name: value.double() for name, value in theta.items()})
        self.learner = Learner(
            network=network,
            theta=theta,
            theta_optimizer=Descent([theta.vector], ETA),
            clip_norm=1e9,
            switches=switches,
            rtn=rtn if placement else None,
            phi={name: value.detach().clone().requires_grad_() for name, value in self.phi.items()},
            phi_optimizer=None,
        )
        self.set_phi_rate(0.0)

    def set_phi_rate(self, rate):
        self.learner = replace(self.learner, phi_optimizer=Descent(self.learner.phi.values(), rate))

    def batches(self):
        """Return what a MetaXL step takes: source, target, and the sentences that judge."""
        return [batch_of(part) for part in self.parts]

    def switches(self):
        method = self.learner.switches
        return {
            "detach": method.rtn_input == "detached",
            "residual": method.residual,
            "gate": method.gate == "token",
            "nested": method.layer_composition == "nested",
        }

    def meta_loss(self, phi):
        """Return the loss that phi descends: the target's after an inner step."""
        method = self.learner.switches
        return self.reference.meta_loss(
            self.reference.theta,
            phi,
            self.parts,
            self.placement,
            ETA,
            theta_loss=method.theta_loss,
            keep_length=method.meta_objective == "cosine",
            **self.switches(),
        )

    def unrolled(self):
        return torch.autograd.grad(self.meta_loss(self.phi), list(self.phi.values()), materialize_grads=True)

    def theta_gradients(self):
        _, gradients = self.reference.look_ahead(
            self.reference.theta, self.phi, self.parts, self.placement, ETA, **self.switches()
        )
        return dict(zip(self.reference.theta, gradients, strict=True))


def with_dropout(setting):
    """Return a setting's learner with dropout and with a theta that stays."""
    network = setting.learner.network
    network = replace(network, shape=replace(network.shape, hidden_dropout=0.2, attention_dropout=0.2))
    still = Descent([setting.learner.theta.vector], 0.0)
    return replace(setting.learner, network=network, theta_optimizer=still)


def batch_of(*parts):
    return make_batch(list(parts), torch.device("cpu"), torch.float64)


def close(actual, expected, tolerance=1e-10):
    scale = max(float(e.abs().max()) for e in expected)
    assert scale > 1e-8, "a zero gradient proves nothing"
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, e, rtol=tolerance, atol=tolerance * scale)


def phi_gradients(setting):
    metaxl_step(setting.learner, RATES, *setting.batches())
    return setting.learner.phi_optimizer.gradients


@pytest.mark.usefixtures("direction")
@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_hypergradient_equals_the_unrolled_definition(encoders, tmp_path, family, placement):
    setting = Setting(encoders[family], tmp_path, placement)
    close(phi_gradients(setting), setting.unrolled())


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_hypergradient_equals_central_differences_of_the_target_loss(encoders, tmp_path, placement):
    setting = Setting(encoders["xlm-roberta"], tmp_path, placement)
    gradients = phi_gradients(setting)
    generator = torch.Generator().manual_seed(5)
    for _ in range(3):
        direction = {n: torch.randn(v.shape, generator=generator).double() for n, v in setting.phi.items()}
        losses = [
            setting.meta_loss({n: (v + sign * 1e-7 * direction[n]).detach() for n, v in setting.phi.items()}).item()
            for sign in (1, -1)
        ]
        slope = sum(float((g * d).sum()) for g, d in zip(gradients, direction.values(), strict=True))
        assert slope == pytest.approx((losses[0] - losses[1]) / 2e-7, rel=1e-5)


@pytest.mark.usefixtures("direction")
@pytest.mark.parametrize(
    "switch",
    [
        {"theta_loss": "source"},
        {"gate": "none"},
        {"rtn_input": "attached"},
        {"residual": "none", "rtn_input": "attached"},
        {"residual": "none"},
        {"layer_composition": "nested"},
        {"residual": "keep-norm"},
        {"residual": "keep-norm", "rtn_input": "attached"},
        {"meta_objective": "cosine"},
        {"meta_objective": "cosine", "theta_loss": "source"},
        {"meta_objective": "cosine", "layer_composition": "nested"},
        {"meta_objective": "cosine", "residual": "keep-norm", "rtn_input": "attached"},
    ],
    ids=str,
)
@pytest.mark.parametrize("placement", [(1,), (0, LAYERS)], ids=str)
def test_every_deviation_switch_keeps_the_hypergradient_exact(encoders, tmp_path, switch, placement):
    setting = Setting(encoders["xlm-roberta"], tmp_path, placement, replace(DEFAULT, **switch))
    close(phi_gradients(setting), setting.unrolled())


@pytest.mark.usefixtures("direction")
def test_sentiment_hypergradient_is_exact(encoders, tmp_path):
    setting = Setting(encoders["bert"], tmp_path, (1,), task="sentiment")
    close(phi_gradients(setting), setting.unrolled())


@pytest.mark.usefixtures("direction")
def test_the_hypergradient_is_exact_for_an_encoder_with_relu(tmp_path):
    folder = make_encoder(tmp_path / "relu", "bert")
    write_json(folder / "config.json", read_json(folder / "config.json") | {"hidden_act": "relu"})
    setting = Setting(folder, tmp_path, (0,))
    close(phi_gradients(setting), setting.unrolled())


@pytest.mark.usefixtures("direction")
@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_with_dropout_the_hypergradient_equals_central_differences_under_the_same_masks(encoders, tmp_path, placement):
    """The reference draws other masks, so here the step's own meta-loss is differenced."""
    setting = Setting(encoders["xlm-roberta"], tmp_path, placement)
    learner = with_dropout(setting)

    def report(phi):
        torch.manual_seed(7)
        return metaxl_step(replace(learner, phi=phi), RATES, *setting.batches())

    report(setting.learner.phi)
    gradients = setting.learner.phi_optimizer.gradients
    generator = torch.Generator().manual_seed(5)
    direction = {n: torch.randn(v.shape, generator=generator).double() for n, v in setting.phi.items()}
    losses = [
        report({n: (v + sign * 1e-7 * direction[n]).detach().requires_grad_() for n, v in setting.phi.items()})
        for sign in (1, -1)
    ]
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, direction.values(), strict=True))
    assert slope == pytest.approx((losses[0]["meta_loss"] - losses[1]["meta_loss"]).item() / 2e-7, rel=1e-5)


def in_reference(values, name):
    """Return the reference's value of one of our parameters, whose query, key and value are one."""
    if name.startswith("head."):
        return values[name.replace("head.out.", "classifier.")]
    parts = ("query", "key", "value") if "self.qkv" in name else ("",)
    return torch.cat([values["roberta." + name.replace("self.qkv", f"self.{part}")] for part in parts])


def theta_close(setting, expected):
    (vector,) = setting.learner.theta_optimizer.gradients
    for name, value in Flat(vector, {name: value.shape for name, value in setting.learner.theta.items()}).items():
        torch.testing.assert_close(value, in_reference(expected, name), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_theta_descends_the_gradient_of_source_plus_target_at_the_old_phi(encoders, tmp_path, placement):
    setting = Setting(encoders["xlm-roberta"], tmp_path, placement)
    before = {name: value.detach().clone() for name, value in setting.learner.theta.items()}
    expected = setting.theta_gradients()
    metaxl_step(setting.learner, RATES, *setting.batches())
    theta_close(setting, expected)
    for name, value in setting.learner.theta.items():
        torch.testing.assert_close(value, before[name] - ETA * in_reference(expected, name))


@pytest.mark.usefixtures("direction")
def test_the_official_order_lets_theta_see_the_new_phi(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,), replace(DEFAULT, update_order="official"))
    setting.set_phi_rate(10.0)
    old = setting.theta_gradients()
    step = setting.unrolled()
    setting.phi = {n: (v - 10.0 * g).detach() for (n, v), g in zip(setting.phi.items(), step, strict=True)}
    expected = setting.theta_gradients()
    metaxl_step(setting.learner, RATES, *setting.batches())
    theta_close(setting, expected)
    assert not torch.allclose(old["classifier.weight"], expected["classifier.weight"])


def test_a_silent_rtn_leaves_theta_the_gradient_of_plain_training(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,))
    with torch.no_grad():
        for name, value in setting.learner.phi.items():
            if ".up." in name:
                value.zero_()
    reference = setting.reference
    loss = sum(reference.loss(reference.theta, *part) for part in setting.parts[:2])
    plain = torch.autograd.grad(loss, list(reference.theta.values()))
    metaxl_step(setting.learner, RATES, *setting.batches())
    theta_close(setting, dict(zip(reference.theta, plain, strict=True)))


def test_joint_training_descends_the_mean_of_both_losses(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, ())
    reference = setting.reference
    loss = sum(reference.loss(reference.theta, *part) for part in setting.parts[:2]) / 2
    expected = torch.autograd.grad(loss, list(reference.theta.values()))
    plain_step(setting.learner, RATES, batch_of(*setting.parts[:2]))
    theta_close(setting, dict(zip(reference.theta, expected, strict=True)))


@pytest.mark.parametrize(
    ("placement", "switches"),
    [((1,), {}), ((0, LAYERS), {}), ((0, LAYERS), {"layer_composition": "nested"}), ((1,), OFFICIAL_JOINT)],
    ids=str,
)
def test_joint_training_with_rtn_descends_both_parameters(encoders, tmp_path, placement, switches):
    setting = Setting(encoders["xlm-roberta"], tmp_path, placement, replace(DEFAULT, **switches))
    reference = setting.reference
    source = reference.source_loss(reference.theta, setting.phi, *setting.parts[0], placement, **setting.switches())
    loss = (source + reference.loss(reference.theta, *setting.parts[1])) / 2
    names = list(reference.theta)
    expected = torch.autograd.grad(loss, [*reference.theta.values(), *setting.phi.values()])
    joint_rtn_step(setting.learner, RATES, *setting.batches()[:2])
    theta_close(setting, dict(zip(names, expected, strict=False)))
    close(setting.learner.phi_optimizer.gradients, expected[len(names) :])


def test_a_frozen_rtn_never_moves_and_theta_moves_as_in_metaxl(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,))
    expected = setting.theta_gradients()
    before = {name: value.detach().clone() for name, value in setting.learner.phi.items()}
    frozen_step(setting.learner, RATES, *setting.batches()[:2])
    theta_close(setting, expected)
    for name, value in setting.learner.phi.items():
        assert torch.equal(value, before[name])


def test_without_an_rtn_the_frozen_step_descends_the_sum_of_both_losses(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, ())
    reference = setting.reference
    loss = sum(reference.loss(reference.theta, *part) for part in setting.parts[:2])
    expected = torch.autograd.grad(loss, list(reference.theta.values()))
    frozen_step(setting.learner, RATES, *setting.batches()[:2])
    theta_close(setting, dict(zip(reference.theta, expected, strict=True)))


def cosine_with(direction, setting):
    """Return the cosine of the source's gradient, as a function of phi, with a direction, both over the whole theta."""
    theta = list(setting.reference.theta.values())
    loss = setting.reference.source_loss(
        setting.reference.theta, setting.phi, *setting.parts[0], setting.placement, **setting.switches()
    )
    gradient = torch.autograd.grad(loss, theta, create_graph=True, materialize_grads=True)
    one, other = (torch.cat([part.flatten() for part in parts]) for parts in (gradient, direction))
    return torch.dot(one, other) / (one.norm() * other.norm()), one.norm() * other.norm()


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_the_objective_cosine_ascends_the_cosine_of_source_and_target_gradient(encoders, tmp_path, placement):
    """The definition by its name: phi's gradient is that of -cos(G_s, v), times eta and both lengths."""
    setting = Setting(encoders["bert"], tmp_path, placement, replace(DEFAULT, meta_objective="cosine"))
    reference = setting.reference
    ahead, _ = reference.look_ahead(reference.theta, setting.phi, setting.parts, placement, ETA, **setting.switches())
    ahead = {name: value.detach().requires_grad_() for name, value in ahead.items()}
    v = torch.autograd.grad(reference.loss(ahead, *setting.parts[2]), list(ahead.values()))
    cosine, lengths = cosine_with(v, setting)
    expected = torch.autograd.grad(cosine, list(setting.phi.values()), materialize_grads=True)
    close(phi_gradients(setting), [-ETA * lengths.detach() * g for g in expected])


@pytest.mark.parametrize("placement", [(1,), (0, LAYERS)], ids=str)
def test_with_dropout_the_objective_cosine_equals_central_differences_under_the_same_masks(
    encoders, tmp_path, placement
):
    """Where theta descends the source's loss alone, an eta that falls as |G| grows keeps the look-ahead's length."""
    setting = Setting(
        encoders["bert"], tmp_path, placement, replace(DEFAULT, meta_objective="cosine", theta_loss="source")
    )
    learner = with_dropout(setting)

    def report(phi, eta=ETA):
        torch.manual_seed(7)
        return metaxl_step(replace(learner, phi=phi), RATES._replace(eta=eta), *setting.batches())

    length = report(setting.learner.phi)["gradient_norm"]
    gradients = setting.learner.phi_optimizer.gradients
    generator = torch.Generator().manual_seed(5)
    direction = {n: torch.randn(v.shape, generator=generator).double() for n, v in setting.phi.items()}
    losses = []
    for sign in (1, -1):
        phi = {n: (v + sign * 1e-6 * direction[n]).detach().requires_grad_() for n, v in setting.phi.items()}
        eta = ETA * length / report(phi)["gradient_norm"]
        losses.append(report(phi, eta)["meta_loss"].item())
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, direction.values(), strict=True))
    assert slope == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5)


def test_phis_gradient_is_scaled_down_to_its_clip_norm(encoders, tmp_path):
    """Only where it is longer, in MetaXL and in joint training with an RTN alike."""
    for step, count in ((metaxl_step, 3), (joint_rtn_step, 2)):
        gradients = {}
        for bound in (0.0, 1e-3, 1e9):
            setting = Setting(encoders["bert"], tmp_path, (1,), replace(DEFAULT, meta_clip_norm=bound))
            step(setting.learner, RATES, *setting.batches()[:count])
            gradients[bound] = setting.learner.phi_optimizer.gradients
        norm = torch.sqrt(sum(g.square().sum() for g in gradients[0.0]))
        assert norm > 1e-3
        close(gradients[1e-3], [1e-3 * g / norm for g in gradients[0.0]], 1e-2)
        close(gradients[1e9], gradients[0.0])


def test_the_gradient_is_clipped_to_the_norm(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,))
    metaxl_step(replace(setting.learner, clip_norm=1e-3), RATES, *setting.batches())
    total = sum(float(value.square().sum()) for value in setting.learner.theta_optimizer.gradients)
    assert total**0.5 == pytest.approx(1e-3, rel=1e-3)
