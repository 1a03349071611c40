import shlex
import signal
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

from metaxl.downloads.registry import REGISTRY_PATH
from metaxl.downloads.verify import expected_sha256
from metaxl.errors import MetaXLError
from metaxl.experiment import layout
from metaxl.experiment.layout import of_any
from metaxl.experiment.schema import read_yaml
from metaxl.planning.effort import effort_of, effort_of_best
from metaxl.planning.evidence import compared_encoders, report_facts, table_facts
from metaxl.planning.inventory import check_run
from metaxl.planning.plan import content_digest
from metaxl.planning.plans import Plans, cell_of
from metaxl.planning.run_notes import (
    concerns,
    results_of_run,
    told_at_end,
    told_at_start,
)
from metaxl.provenance import digest
from metaxl.reporting.paper import PAPER_PATH
from metaxl.tasks import SPLITS, TASKS

try:
    # Snakemake has read these already, but passes over a key that stands there twice.
    for path in workflow.configfiles:
        read_yaml(Path(path))
    PLANS = Plans(config)
    PLANS.active.check()
    PLANS.stage(PLANS.active)
except MetaXLError as error:
    raise WorkflowError(str(error)) from error
PLAN = PLANS.active

# Snakemake's rate limiter wakes the scheduler once a second for every job that was ever started; over a hundred cells
# that takes a third of a core from training. Jobs of minutes need no limiter. (The attribute is not Snakemake's promise.)
if hasattr(workflow.scheduling_settings, "max_jobs_per_timespan"):
    workflow.scheduling_settings.max_jobs_per_timespan = None

# With the Python that runs Snakemake, unless conda environments bring their own: no rule names a container or modules.
settings = workflow.deployment_settings
conda_brings_python = settings and DeploymentMethod.CONDA in settings.deployment_method
source = [
    Path(workflow.basedir, "workflow/rules/shell.sh"),
    "" if conda_brings_python else Path(sys.executable).parent,
]
# (Snakemake formats the prefix: a brace in a path must be doubled.)
shell.prefix(
    f". {shlex.join(map(str, source))}; ".replace("{", "{{").replace("}", "}}")
)


# A cluster warns all processes of a job before its time is over (workflow/profiles/slurm). The warning is for the training,
# which saves its state; it would end the Snakemake and the shell around it.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)


JOBS = []


def tell(text):
    if text:
        print(text, file=sys.stderr)


onstart:
    # A run that cannot get what it lacks stops here, before the first job; what is wrong with the experiment itself
    # was told above, which a dry run does too.
    JOBS.extend(
        (job.rule.name, job.wildcards) for job in workflow.dag.needrun_jobs()
    )
    try:
        check_run(PLANS, JOBS)
        if concerns(PLAN.config, JOBS):
            tell(told_at_start(PLAN.config))
    except MetaXLError as error:
        raise WorkflowError(str(error)) from error


onsuccess:
    if concerns(PLAN.config, JOBS):
        tell(told_at_end(PLAN.config))
        tell(results_of_run(PLAN.config, JOBS))


onerror:
    if concerns(PLAN.config, JOBS):
        tell(told_at_end(PLAN.config))


wildcard_constraints:
    name="[^/]+",
    part="config|asked/[^/]+",
    encoder="[^/]+",
    task="|".join(TASKS),
    language="[^/]+",
    target="[^/]+",
    source="[^/]+",
    method="[^/]+",
    split="|".join(SPLITS),
    size=r"[1-9]\d*",
    seed=r"\d+",
    group="[^/]+",
    number=r"\d+",
