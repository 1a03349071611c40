"""The registry of training methods. Adding one is an entry here and, if it updates otherwise, one function: its step.

An entry says all that is particular to a method; nothing else asks for a method by name but the tables' layout. Names
of code are text, so that an edit to one method's code reruns no cell of another.
"""

from __future__ import annotations

from dataclasses import dataclass

from metaxl.errors import ConfigError, did_you_mean

PLAIN, STEPS = "metaxl.method.plain", "metaxl.method.steps"
RTN = "metaxl.method.rtn:RTN"

ALWAYS = frozenset(
    {
        *("batch_size", "learning_rate", "head_learning_rate", "min_steps", "weight_decay", "theta_decay"),
        *("warmup", "schedule_length", "clip_norm", "max_length", "eval_max_length"),
    }
)
RTN_FORM = frozenset({"bottleneck", "gate", "rtn_input", "residual", "layer_composition"})
THETA_LOSS = frozenset({"theta_loss", "target_split"})
PHI_MOVES = frozenset({"meta_learning_rate", "meta_weight_decay", "phi_decay"})


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train.

    Attributes:
        name: the first part of its path part; for methods with RTNs, "-L" and their layers follow: "metaxl-L0-12".
        label: in a table.
        step: "module:function"; the function takes (learner, rates, *batches) and returns scalars by name.
        takes: the batches of a step. Each is made of "source", "target" (a batch of target sentences), "half" and
            "other half" (of such a batch), joined by "+" where one batch holds several, which then weigh the same.
        reads: the settings that it reads; the others are neutral in its cells, so that an edit to them reruns nothing.
        rtn: "module:class" of the networks that transform the source's states; empty for none.
    """

    name: str
    label: str
    step: str
    takes: tuple[str, ...]
    reads: frozenset[str]
    rtn: str = ""

    @property
    def needs_source(self) -> bool:
        """Whether it trains on a source language."""
        return any("source" in batch.split("+") for batch in self.takes)

    @property
    def has_layers(self) -> bool:
        """Whether it has RTNs, after layers that its name goes on with."""
        return bool(self.rtn)


METHODS = {
    method.name: method
    for method in (
        Method(
            name="target",
            label="target only",
            step=f"{PLAIN}:plain_step",
            takes=("target",),
            reads=ALWAYS | {"target_epochs"},
        ),
        Method(
            name="target-matched",
            label="target only, matched steps",
            step=f"{PLAIN}:plain_step",
            takes=("target",),
            reads=ALWAYS | {"epochs", "source_size"},
        ),
        Method(
            name="joint",
            label="JT",
            step=f"{PLAIN}:plain_step",
            takes=("source+target",),
            reads=ALWAYS | {"epochs"},
        ),
        Method(
            name="joint-half",
            label="JT, half of the target batch",
            step=f"{STEPS}:frozen_step",
            takes=("source", "half"),
            reads=ALWAYS | THETA_LOSS | {"epochs"},
        ),
        Method(
            name="zero-shot",
            label="source only",
            step=f"{PLAIN}:plain_step",
            takes=("source",),
            reads=ALWAYS | {"epochs"},
        ),
        Method(
            name="metaxl",
            label="MetaXL",
            step=f"{STEPS}:metaxl_step",
            takes=("source", "half", "other half"),
            reads=ALWAYS
            | RTN_FORM
            | THETA_LOSS
            | PHI_MOVES
            | {"epochs", "update_order", "inner_rate", "meta_objective", "meta_clip_norm"},
            rtn=RTN,
        ),
        Method(
            name="metaxl-frozen",
            label="MetaXL, frozen RTN",
            step=f"{STEPS}:frozen_step",
            takes=("source", "half"),
            reads=ALWAYS | RTN_FORM | THETA_LOSS | {"epochs"},
            rtn=RTN,
        ),
        Method(
            name="metaxl-decay",
            label="MetaXL, decaying RTN",
            step=f"{STEPS}:decay_step",
            takes=("source", "half"),
            reads=ALWAYS | RTN_FORM | THETA_LOSS | PHI_MOVES | {"epochs"},
            rtn=RTN,
        ),
        Method(
            name="joint-rtn",
            label="JT with RTN",
            step=f"{STEPS}:joint_rtn_step",
            takes=("source", "target"),
            reads=ALWAYS | RTN_FORM | PHI_MOVES | {"epochs", "joint_rtn_forward", "meta_clip_norm"},
            rtn=RTN,
        ),
    )
}
# The rows that Tables 2 and 3 always have; any other method is a row where the configuration lists it under `controls`.
BASE = ("target", "joint", "metaxl")


def find_method(name: str) -> Method:
    """Return the method of that name.

    Raises:
        ConfigError: none is registered under it.
    """
    if name not in METHODS:
        raise ConfigError(
            f"Unknown method {name!r}; expected one of {', '.join(METHODS)}.{did_you_mean(name, METHODS)}"
        )
    return METHODS[name]
