# The paper's numbers, which the code digests do not see.
PAPER = Path(workflow.basedir, "workflow/data/paper.yaml")


report: "../report/workflow.rst"


rule gather:
    input:
        lambda w: PLANS[w.name].gather_inputs(),
    output:
        config="results/{name}/config.json",
        scores="results/{name}/scores.csv",
        significance="results/{name}/significance.csv",
    log:
        "results/{name}/logs/gather.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        config=lambda w: PLANS[w.name].config_json,
        code=digest("metaxl.reporting.frame") + digest("metaxl.reporting.significance"),
    shell:
        "logged {log:q} python -m metaxl gather {params.config:q} --root results/{wildcards.name:q} "
        "--out results/{wildcards.name:q}"


rule table:
    input:
        lambda w: PLANS[w.name].table_inputs(int(w.number)),
        PAPER,
        REGISTRY,
    output:
        "results/{name}/tables/table{number}.csv",
        "results/{name}/tables/table{number}.tex",
        "results/{name}/tables/table{number}.txt",
        report(
            "results/{name}/tables/table{number}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{number}"},
        ),
    log:
        "results/{name}/logs/table{number}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        config=lambda w: PLANS[w.name].config_json,
        code=digest("metaxl.reporting.tables"),
    shell:
        "logged {log:q} python -m metaxl table {wildcards.number} {params.config:q} "
        "--root results/{wildcards.name:q} --out results/{wildcards.name:q}/tables"


rule figure:
    input:
        lambda w: PLANS[w.name].figure_inputs(),
        PAPER,
    output:
        "results/{name}/figures/figure1.pdf",
        "results/{name}/figures/figure1.json",
        report(
            "results/{name}/figures/figure1.png",
            caption="../report/figure1.rst",
            category="Figure",
        ),
    log:
        "results/{name}/logs/figure1.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        config=lambda w: PLANS[w.name].config_json,
        code=digest("metaxl.reporting.figure"),
    shell:
        "logged {log:q} python -m metaxl figure {params.config:q} --root results/{wildcards.name:q} "
        "--out results/{wildcards.name:q}/figures"
