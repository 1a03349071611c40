report: "../report/workflow.rst"


localrules:
    gather,
    scores,
    significance,
    table,
    figure,


# Every cell is scored again once, in the group of the cells that the same tables and figures read.
rule gather:
    input:
        lambda w: PLANS[w.name].group_inputs(w.group),
        cells=of_any(layout.CELLS),
    output:
        of_any(layout.GROUP),
    log:
        "results/{name}/logs/gather/{group}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        code=digest("metaxl.reporting.frame"),
    shell:
        "logged {log:q} python -m metaxl gather {input.cells:q} --group {wildcards.group:q} "
        "--root results/{wildcards.name:q} --out {output:q}"


rule scores:
    input:
        lambda w: PLANS[w.name].group_files(),
    output:
        of_any(layout.ALL_SCORES),
    log:
        "results/{name}/logs/scores.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        code=digest("metaxl.reporting.frame"),
    shell:
        "logged {log:q} python -m metaxl scores {input:q} --out {output:q}"


rule significance:
    input:
        lambda w: PLANS[w.name].compared_inputs(),
        lambda w: compared_encoders(PLANS[w.name]),
        config=of_any(layout.CONFIG),
        labels=of_any(layout.LABELS),
        scores=of_any(layout.ALL_SCORES),
    output:
        of_any(layout.SIGNIFICANCE),
    log:
        "results/{name}/logs/significance.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        code=digest("metaxl.reporting.significance"),
    shell:
        "logged {log:q} python -m metaxl significance {input.scores:q} --config {input.config:q} --labels {input.labels:q} "
        "--root results/{wildcards.name:q} --out {output:q}"


rule table:
    input:
        lambda w: table_facts(PLANS[w.name], int(w.number)),
        config=of_any(layout.CONFIG),
        labels=of_any(layout.LABELS),
        scores=lambda w: PLANS[w.name].table_inputs(int(w.number)),
    output:
        expand(
            of_any(layout.TABLE),
            suffix=layout.TABLE_FORMATS[:-1],
            allow_missing=True,
        ),
        of_any(layout.TABLE_TYPES),
        report(
            of_any(layout.TABLE, suffix=layout.TABLE_FORMATS[-1]),
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{number}"},
        ),
    log:
        "results/{name}/logs/table{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.tables") + digest("metaxl.reporting.by_type"),
    shell:
        "logged {log:q} python -m metaxl table {wildcards.number} {input.scores:q} --config {input.config:q} "
        "--labels {input.labels:q} --root results/{wildcards.name:q} --out results/{wildcards.name:q}/tables"


rule figure:
    input:
        unpack(lambda w: PLANS[w.name].figure_inputs()),
        config=of_any(layout.CONFIG),
    output:
        expand(
            of_any(layout.FIGURE),
            suffix=layout.FIGURE_FORMATS[:-1],
            allow_missing=True,
        ),
        report(
            of_any(layout.FIGURE, suffix=layout.FIGURE_FORMATS[-1]),
            caption="../report/figure1.rst",
            category="Figure",
        ),
    log:
        "results/{name}/logs/figure1.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.figure"),
    shell:
        "logged {log:q} python -m metaxl figure {input.scores:q} --config {input.config:q} "
        "--root results/{wildcards.name:q} --out results/{wildcards.name:q}/figures"
