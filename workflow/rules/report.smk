report: "../report/workflow.rst"


localrules:
    gather,
    scores,
    evidence,
    join_evidence,
    table,
    figure,
    gain,
    pictures,
    languages,
    report_pages,


# Every cell is scored again once, in the group of the cells that the same tables and figures read.
rule gather:
    input:
        lambda w: PLANS[w.name].group_inputs(w.group),
        cells=of_any(layout.CELLS),
    output:
        scores=of_any(layout.GROUP),
        counts=of_any(layout.COUNTS),
    log:
        "results/{name}/logs/gather/{group}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        code=digest("metaxl.reporting.frame")
        + digest("metaxl.reporting.evidence.counter"),
    shell:
        "logged {log:q} python -m metaxl gather {input.cells:q} --group {wildcards.group:q} "
        "--root results/{wildcards.name:q} --out {output.scores:q} --counts {output.counts:q}"


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


# A table's questions are judged from its own cells' counts alone: no predictions are read for it again.
rule evidence:
    input:
        lambda w: evidence_encoders(PLANS[w.name], int(w.number)),
        config=of_any(layout.CONFIG),
        counts=lambda w: PLANS[w.name].table_inputs(int(w.number), layout.COUNTS),
    output:
        expand(
            of_any(layout.EVIDENCE),
            suffix=layout.EVIDENCE_FORMATS,
            allow_missing=True,
        ),
    log:
        "results/{name}/logs/evidence{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.evidence.files"),
    shell:
        "logged {log:q} python -m metaxl evidence {wildcards.number} {input.counts:q} --config {input.config:q} "
        "--root results/{wildcards.name:q} --out results/{wildcards.name:q}/evidence"


rule join_evidence:
    input:
        lambda w: PLANS[w.name].evidence_files("csv", "md"),
        evidence=lambda w: PLANS[w.name].evidence_files("json"),
    output:
        expand(
            of_any(layout.ALL_EVIDENCE),
            suffix=layout.ALL_EVIDENCE_FORMATS,
            allow_missing=True,
        ),
    log:
        "results/{name}/logs/evidence.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.evidence.files"),
    shell:
        "logged {log:q} python -m metaxl join-evidence {input.evidence:q} --out results/{wildcards.name:q}"


rule table:
    input:
        lambda w: table_facts(PLANS[w.name], int(w.number)),
        config=of_any(layout.CONFIG),
        evidence=of_any(layout.EVIDENCE, suffix="json"),
        labels=of_any(layout.LABELS),
        scores=lambda w: PLANS[w.name].table_inputs(int(w.number), layout.GROUP),
    output:
        expand(
            of_any(layout.TABLE),
            suffix=layout.TABLE_FORMATS,
            allow_missing=True,
        ),
        of_any(layout.TABLE_TYPES),
    log:
        "results/{name}/logs/table{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.tables") + digest("metaxl.reporting.by_type"),
    shell:
        "logged {log:q} python -m metaxl table {wildcards.number} {input.scores:q} --evidence {input.evidence:q} "
        "--config {input.config:q} --labels {input.labels:q} --root results/{wildcards.name:q} --out results/{wildcards.name:q}/tables"


rule figure:
    input:
        unpack(lambda w: PLANS[w.name].figure_inputs()),
        config=of_any(layout.CONFIG),
    output:
        expand(
            of_any(layout.FIGURE),
            suffix=layout.FIGURE_FORMATS,
            allow_missing=True,
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


rule gain:
    input:
        of_any(layout.EVIDENCE, suffix="csv"),
        of_any(layout.EVIDENCE, suffix="languages.csv"),
        evidence=of_any(layout.EVIDENCE, suffix="json"),
        config=of_any(layout.CONFIG),
    output:
        expand(
            of_any(layout.GAIN),
            suffix=layout.FIGURE_FORMATS,
            allow_missing=True,
        ),
    log:
        "results/{name}/logs/gain{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.gain"),
    shell:
        "logged {log:q} python -m metaxl gain {input.evidence:q} --config {input.config:q} "
        "--out results/{wildcards.name:q}/figures"


rule pictures:
    input:
        of_any(layout.EVIDENCE, suffix="languages.csv"),
        lambda w: picture_inputs(PLANS[w.name], int(w.number)),
        evidence=of_any(layout.EVIDENCE, suffix="json"),
        config=of_any(layout.CONFIG),
    output:
        [
            of_any(pattern, suffix=suffix)
            for pattern in layout.OF_TRAININGS
            for suffix in layout.FIGURE_FORMATS
        ],
    log:
        "results/{name}/logs/pictures{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        code=digest("metaxl.reporting.pictures"),
    shell:
        "logged {log:q} python -m metaxl pictures {input.evidence:q} --config {input.config:q} "
        "--root results/{wildcards.name:q} --out results/{wildcards.name:q}/figures"


rule languages:
    input:
        config=of_any(layout.CONFIG),
    output:
        expand(
            of_any(layout.LANGUAGES),
            suffix=layout.LANGUAGES_FORMATS,
            allow_missing=True,
        ),
    log:
        "results/{name}/logs/languages.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        paper=content_digest(PAPER_PATH),
        code=digest("metaxl.reporting.languages"),
    shell:
        "logged {log:q} python -m metaxl languages {input.config:q} --out results/{wildcards.name:q}/tables"


# Each page stands by itself, so that the report's eyes show it in place.
rule report_pages:
    input:
        lambda w: page_inputs(PLANS[w.name]),
        config=of_any(layout.CONFIG),
    output:
        [
            report(
                of_any(layout.PAGE, page=page),
                caption="../report/page.rst",
                category=layout.PAGES[page],
                labels={"page": page},
            )
            for page in layout.PAGES
        ],
        of_any(layout.FRONT),
    log:
        "results/{name}/logs/pages.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        paper=content_digest(PAPER_PATH),
        style=text_digest(*TEMPLATE_FILES),
        code=digest("metaxl.reporting.pages.write"),
    shell:
        "logged {log:q} python -m metaxl pages results/{wildcards.name:q} --out results/{wildcards.name:q}/report"
