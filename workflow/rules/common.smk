import shlex
import signal
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod, Quietness

from metaxl.downloads.registry import REGISTRY_PATH
from metaxl.downloads.verify import expected_sha256
from metaxl.errors import MetaXLError
from metaxl.experiment import layout
from metaxl.experiment.layout import of_any
from metaxl.experiment.schema import read_yaml
from metaxl.planning.clock import ahead_of_clock
from metaxl.planning.code import digest
from metaxl.planning.cores import too_many_cores
from metaxl.planning.effort import request_of, request_of_best
from metaxl.planning.evidence import (
    content_digest,
    evidence_encoders,
    report_facts,
    report_inputs,
    report_tokenizers,
    table_facts,
    text_digest,
)
from metaxl.planning.failed import (
    again,
    again_without_model,
    best_models,
    cell_folders,
    failures_of,
    models_missing,
    tried_again,
)
from metaxl.planning.inventory import check_run
from metaxl.planning.living import record_locks
from metaxl.planning.locks import remove_own_locks_only
from metaxl.planning.plans import Plans, cell_of
from metaxl.planning.progress import Progress, Ticker, cells_of_run
from metaxl.planning.rate import drop_default_rate
from metaxl.planning.run_notes import (
    concerns,
    results_of_run,
    told_at_end,
    told_at_start,
)
from metaxl.planning.screen import Screen
from metaxl.planning.shown import (
    figure_files,
    language_files,
    page_files,
    page_inputs,
    picture_inputs,
)
from metaxl.planning.unlock import begin_run, why_locked
from metaxl.reporting.paper import PAPER_PATH
from metaxl.tasks import SPLITS, TASKS

SCREEN = Screen(why_locked)
logger.addFilter(SCREEN)

try:
    # Snakemake has read these already, but passes over a key that stands there twice.
    for path in workflow.configfiles:
        read_yaml(Path(path))
    PLANS = Plans(config)
    PLANS.active.check()
    # A job of a cluster finds what the Snakemake that submits it has staged; to stage all cells would take each longer.
    if workflow.is_main_process:
        PLANS.stage(PLANS.active)
except MetaXLError as error:
    raise WorkflowError(str(error)) from error
PLAN = PLANS.active
TEMPLATE_FILES = sorted(Path(workflow.basedir, "workflow/report").glob("page.[hc]*"))


@cache
def named_cells():
    """Return the folders of the cells that the command names by paths of their own."""
    return cell_folders(workflow.dag.targetfiles)


@cache
def named_models():
    """Return the folders of the targets' best models that the command names."""
    return best_models(workflow.dag.targetfiles)


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
SILENT = Quietness.ALL in (workflow.output_settings.quiet or ())


def tell(text):
    if text and not SILENT:
        print(text, file=sys.stderr, flush=True)


# Snakemake refuses a folder that a killed run has locked, and does not say who that was: this does.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    remove_own_locks_only(record_locks)
    tell(begin_run())


onstart:
    # A run that cannot get what it lacks stops here, before the first job; what is wrong with the experiment itself
    # was told above, which a dry run does too.
    drop_default_rate(workflow.scheduler)
    needed = list(workflow.dag.needrun_jobs())
    JOBS.extend((job.rule.name, job.wildcards) for job in needed)
    try:
        check_run(PLANS, JOBS)
        tell(
            tried_again((w.name, cell_of(w)) for rule, w in JOBS if rule == "train")
        )
        if concerns(PLAN.config, JOBS):
            tell(told_at_start(PLAN.config))
        if workflow.local_exec:
            tell(too_many_cores(workflow.resource_settings.cores))
    except MetaXLError as error:
        raise WorkflowError(str(error)) from error
    tell(ahead_of_clock(path for job in needed for path in job.input))
    trained = cells_of_run(
        (job.jobid, job.rule.name, job.wildcards) for job in needed
    )
    logger.addHandler(Ticker(Progress(trained), tell))


onsuccess:
    if concerns(PLAN.config, JOBS):
        tell(results_of_run(PLAN.config, JOBS))
        tell(told_at_end(PLAN.config))
    # A table does without a cell that failed; who has asked for the cell itself, or its model, has not got it.
    lacking = [failures_of(named_cells()), models_missing(named_models())]
    if any(lacking):
        raise WorkflowError("\n".join(filter(None, lacking)))


onerror:
    SCREEN.end_of_failed_run()
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
