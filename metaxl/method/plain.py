"""Training without an RTN: on the target alone, on the source alone, or on both (joint training)."""

from __future__ import annotations

from metaxl.encoder.batch import Batch
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.method.tape import Tape


def plain_step(learner: Learner, rates: Rates, batch: Batch) -> Losses:
    """Descend the mean loss of a batch's parts."""
    tape = Tape(learner.network, learner.theta, batch)
    tape.backward()
    tape.write_gradients(learner.gradients)
    return {"loss": tape.loss, "gradient_norm": learner.descend(rates.theta)}
