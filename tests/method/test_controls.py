"""The controls that differ from MetaXL or from joint training in one thing each, held to the reference."""

from __future__ import annotations

from dataclasses import replace

import torch
from switches import DEFAULT
from test_steps import OFFICIAL_JOINT, RATES, Setting, close, theta_close

from metaxl.method.adam import Adam
from metaxl.method.steps import decay_step, joint_rtn_step


def test_a_decaying_rtn_moves_by_its_decay_alone_and_theta_as_in_metaxl(encoders, tmp_path):
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,))
    expected = setting.theta_gradients()
    before = {name: value.detach().clone() for name, value in setting.learner.phi.items()}
    setting.learner.phi_optimizer = Adam(setting.learner.phi.values(), 0.1, "decoupled")
    decay_step(setting.learner, RATES._replace(phi=0.5), *setting.batches()[:2])
    theta_close(setting, expected)
    close(list(setting.learner.phi.values()), [value * (1 - 0.5 * 0.1) for value in before.values()])


def test_the_official_joint_training_with_rtn_descends_the_sum_of_both_losses(encoders, tmp_path):
    switches = replace(DEFAULT, **OFFICIAL_JOINT, joint_rtn_forward="official")
    setting = Setting(encoders["xlm-roberta"], tmp_path, (1,), switches)
    reference = setting.reference
    loss = reference.source_loss(reference.theta, setting.phi, *setting.parts[0], (1,), **setting.switches())
    source = loss.detach()
    loss = loss + reference.loss(reference.theta, *setting.parts[1])
    names = list(reference.theta)
    expected = torch.autograd.grad(loss, [*reference.theta.values(), *setting.phi.values()])
    told = joint_rtn_step(setting.learner, RATES, *setting.batches()[:2])
    theta_close(setting, dict(zip(names, expected, strict=False)))
    close(setting.learner.phi_optimizer.gradients, expected[len(names) :])
    close([told["source_loss"], told["loss"]], [source, loss.detach()])
