"""Training without an RTN: on the target alone, or on source and target (joint training)."""

from __future__ import annotations

from metaxl.encoder.batch import Batch
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.method.tape import Tape


def plain_step(learner: Learner, rates: Rates, batch: Batch) -> Losses:
    """Descend the mean of the losses of a batch's parts: joint training weighs source and target by a half each.

    (MetaXL and its frozen control descend the sum, as the official code does.)
    """
    tape = Tape(learner.network, learner.theta, batch)
    tape.backward()
    tape.write_gradients(learner.gradients)
    return {"loss": tape.loss, "gradient_norm": learner.descend(rates.theta)}
