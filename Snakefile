# MetaXL, reproduced: from data to Tables 2, 3 and 5 and Figure 1. What each rule needs is worked out in
# metaxl/planning/plan.py; how to run it (cores, GPU, cluster) is said by a profile in workflow/profiles/,
# of which Snakemake reads the default one by itself, through the link `profiles`.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.20")
sys.path.insert(0, str(workflow.basedir))


# (Snakemake reads a brace in the path of a rule's environment as a wildcard, and there is no way to escape one.)
if set("{}") & set(str(workflow.basedir)):
    raise WorkflowError(
        f"{workflow.basedir}: rename the folder; Snakemake cannot run a project below a brace."
    )


# A config.yaml of the working folder (--directory) lies over the one beside this file.
configfile: f"{workflow.basedir}/config.yaml"


if Path("config.yaml").is_file() and Path.cwd() != Path(workflow.basedir):

    configfile: "config.yaml"


include: "workflow/rules/common.smk"


# The first target is what a bare `snakemake` makes; Snakemake forgets a default that an included file names.
localrules:
    tables,
    table2,
    table3,
    table5,
    figures,
    pages,
    all,


rule tables:
    input:
        PLAN.table_files(),
        language_files(PLAN),
        PLAN.path(layout.ALL_SCORES),
        PLAN.joined_evidence(),
        PLAN.path(layout.REPORT, suffix="json"),
        PLAN.models.files(),


rule table2:
    input:
        PLAN.table_files(2),


rule table3:
    input:
        PLAN.table_files(3),


rule table5:
    input:
        PLAN.table_files(5),


rule figures:
    input:
        figure_files(PLAN),


# What `snakemake --report` shows; of an unfinished run `metaxl pages` makes them, of what is there.
rule pages:
    input:
        page_files(PLAN),


rule all:
    input:
        rules.tables.input,
        rules.figures.input,
        rules.pages.input,


include: "workflow/rules/config.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/encoder.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/report.smk"
