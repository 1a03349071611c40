import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from metaxl.errors import MetaXLError
from metaxl.cell import Cell
from metaxl.plan import Plans
from metaxl.provenance import digest

try:
    PLANS = Plans(config)
    PLANS.active.check()
except MetaXLError as error:
    raise WorkflowError(str(error)) from error
PLAN = PLANS.active

# Snakemake's rate limiter wakes the scheduler once a second for every job that was ever started; over a hundred cells
# that takes a third of a core from training. Jobs of minutes need no limiter.
if workflow.scheduling_settings is not None:
    workflow.scheduling_settings.max_jobs_per_timespan = None

# Jobs run this checkout's package, wherever --directory points, with the Python that runs Snakemake, unless conda
# environments or containers bring their own.
deployed = (
    workflow.deployment_settings and workflow.deployment_settings.deployment_method
)
path = "" if deployed else f"PATH='{Path(sys.executable).parent}':\"$PATH\" "
# What a command says goes to its log; if it fails, also to the screen.
# (Braces are doubled because Snakemake formats the prefix.)
logged = 'logged() {{ local log="$1"; shift; "$@" > "$log" 2>&1 || {{ cat "$log" >&2; return 1; }}; }}; '
shell.prefix(
    f"export {path}PYTHONPATH='{workflow.basedir}' TOKENIZERS_PARALLELISM=false PYTHONHASHSEED=0; {logged}"
)


wildcard_constraints:
    name="[^/]+",
    encoder="[^/]+",
    task="ner|sentiment",
    language="[^/]+",
    target="[^/]+",
    source="[^/]+",
    method="[^/]+",
    split="train|dev|test",
    size=r"\d+",
    seed=r"\d+",
    number=r"\d+",


def cell_of(wildcards):
    return Cell(
        wildcards.encoder,
        wildcards.task,
        wildcards.target,
        wildcards.source,
        wildcards.method,
        int(wildcards.seed),
    )


def training_of(wildcards):
    return PLANS[wildcards.name].config.task(wildcards.task).training
