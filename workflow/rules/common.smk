import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from metaxl.errors import MetaXLError
from metaxl.downloads.verify import expected_sha256
from metaxl.experiment.cell import Cell
from metaxl.planning.inventory import find_needs, require_network
from metaxl.planning.plan import Plans
from metaxl.provenance import digest
from metaxl.tasks import SPLITS, TASKS

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
# (Braces are doubled because Snakemake formats the prefix.) What a command says goes to its log; if it fails, also to
# the screen.
logged = 'logged() {{ local log="$1"; shift; "$@" > "$log" 2>&1 || {{ cat "$log" >&2; return 1; }}; }}; '
# Only what downloads may use the network, unless the user forbids that too.
offline = os.environ.get("HF_HUB_OFFLINE", "0")
online = f'online() {{{{ HF_HUB_OFFLINE={offline} "$@"; }}}}; '
shell.prefix(
    f"export {path}PYTHONPATH='{workflow.basedir}' TOKENIZERS_PARALLELISM=false PYTHONHASHSEED=0 HF_HUB_OFFLINE=1; "
    f"{logged}{online}"
)


onstart:
    # A run that cannot get what it lacks stops here, before the first job.
    jobs = list(workflow.dag.needrun_jobs())
    downloads = [job.wildcards.path for job in jobs if job.rule.name == "download"]
    encoders = [
        (PLANS[job.wildcards.name], job.wildcards.encoder)
        for job in jobs
        if job.rule.name == "encoder"
    ]
    try:
        require_network(find_needs(downloads, encoders, anew=True))
    except MetaXLError as error:
        raise WorkflowError(str(error)) from error


wildcard_constraints:
    name="[^/]+",
    encoder="[^/]+",
    task="|".join(TASKS),
    language="[^/]+",
    target="[^/]+",
    source="[^/]+",
    method="[^/]+",
    split="|".join(SPLITS),
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
