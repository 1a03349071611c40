"""Algorithm 1 of the paper, and its controls that also send the source through an RTN.

theta is the encoder and its head, phi the representation transformation network (RTN). Source sentences s go through
f(x; theta, phi), target sentences through f(x; theta); g and t are the halves of a target batch. `docs/method.md`
derives each line.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, zeros_like
from torch.autograd import grad

from metaxl.encoder.batch import Batch
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.method.tape import Tape, dot


def metaxl_step(learner: Learner, rates: Rates, source: Batch, half: Batch, other_half: Batch) -> Losses:
    """Take one step of Algorithm 1, with exact second-order gradients.

    Args:
        learner: updated in place.
        rates: of theta, of phi, and eta.
        source: s, which passes through the RTN.
        half: g, the target sentences that join theta's loss.
        other_half: t, the target sentences whose loss after the inner step phi is to lower.
    """
    # learner.gradients = G = grad_theta [L_s(s; theta, phi) + L_g(g; theta)]
    losses, source_passes = _write_theta_gradient(learner, source, half, create_graph=True)

    # theta' = theta - eta G, and v = grad L_t(t; theta')
    meta_pass = Tape(learner.network, learner.look_ahead(rates.eta), other_half)
    meta_pass.backward()

    # d L_t(theta') / d phi = -eta d <G(phi), v> / d phi: theta' depends on phi through the source's part of G alone.
    agreement = dot(source_passes, meta_pass)
    if learner.switches.meta_objective == "cosine":
        agreement = _without_length(agreement, source_passes)
    hypergradient = grad(-rates.eta * agreement, list(learner.phi.values()))
    losses |= {"meta_loss": meta_pass.loss, "hypergradient_norm": learner.move_phi(rates.phi, hypergradient)}

    if learner.switches.update_order == "official":
        # The official code lets theta see the new phi, at the price of a second gradient.
        del source_passes, meta_pass
        _write_theta_gradient(learner, source, half)
    return losses | {"gradient_norm": learner.descend(rates.theta)}


def frozen_step(learner: Learner, rates: Rates, source: Batch, half: Batch) -> Losses:
    """Step theta as Algorithm 1 does and leave phi as it was drawn; without an RTN, the sum of the two losses."""
    losses, _ = _write_theta_gradient(learner, source, half)
    return losses | {"gradient_norm": learner.descend(rates.theta)}


def decay_step(learner: Learner, rates: Rates, source: Batch, half: Batch) -> Losses:
    """Step theta as Algorithm 1 does and let phi's decay alone move phi: MetaXL without its hypergradient."""
    losses, _ = _write_theta_gradient(learner, source, half)
    learner.phi_optimizer.step(rates.phi, [zeros_like(value) for value in learner.phi.values()])
    return losses | {"gradient_norm": learner.descend(rates.theta)}


def joint_rtn_step(learner: Learner, rates: Rates, source: Batch, target: Batch) -> Losses:
    """Descend the mean of source and target loss in theta and phi alike: joint training, no meta-learning.

    The official code descends their sum (mlt.py, step_jt_metaxl).
    """
    whole = 1.0 if learner.switches.joint_rtn_forward == "official" else 1 / 2
    tape = Tape(learner.network, learner.theta, target, share=whole)
    tape.backward()
    tape.write_gradients(learner.gradients)
    target_loss, source_losses, phi_gradients = tape.loss, [], []
    for share, between in learner.source_paths():
        tape = Tape(learner.network, learner.theta, source, between, share * whole)
        phi_gradients.append(tape.backward(also=list(learner.phi.values())))
        tape.write_gradients(learner.gradients, onto=True)
        source_losses.append(tape.loss)
    learner.move_phi(rates.phi, [_sum(parts) for parts in zip(*phi_gradients, strict=True)])
    source_loss = _sum(source_losses)
    return {
        "loss": source_loss + target_loss,
        "source_loss": source_loss / whole,
        "gradient_norm": learner.descend(rates.theta),
    }


def _write_theta_gradient(
    learner: Learner, source: Batch, half: Batch, create_graph: bool = False
) -> tuple[Losses, list[Tape]]:
    """Write theta's gradient of the source's loss, joined by that of half a target batch, to `learner.gradients`.

    Returns:
        The losses, and the source's tapes, one for each path through the RTNs.
    """
    losses = {}
    if learner.switches.theta_loss == "source+target":
        # Before the source, whose graph stays: two graphs at once would take half as much memory again.
        tape = Tape(learner.network, learner.theta, half)
        tape.backward()
        tape.write_gradients(learner.gradients)
        losses["target_loss"] = tape.loss
        del tape
    source_passes: list[Tape] = []
    for share, between in learner.source_paths():
        tape = Tape(learner.network, learner.theta, source, between, share)
        tape.backward(create_graph=create_graph)
        tape.write_gradients(learner.gradients, onto=bool(losses or source_passes))
        source_passes.append(tape)
    return {"source_loss": _sum(tape.loss for tape in source_passes)} | losses, source_passes


def _without_length(agreement: Tensor, source_passes: list[Tape]) -> Tensor:
    """Return what has the derivative of <G, v> in phi while G, the source's gradient, keeps its length.

    With |G| held, |G| G(phi) / |G(phi)| takes the place of G(phi). Its inner product with v has the derivative of
    <G(phi), w>, where w = v - (<G, v> / |G|^2) G, held fixed, is v's part orthogonal to G. So phi ascends the cosine of
    G and v.

    Args:
        agreement: <G, v>, differentiable in phi.
        source_passes: what G is made of.
    """
    square = _sum(dot(source_passes, tape) for tape in source_passes)
    return agreement - (agreement / square).detach() * square


def _sum(values: Iterable[Tensor]) -> Tensor:
    """Return the sum of tensors, at least one."""
    first, *rest = values
    for value in rest:
        first = first + value
    return first
