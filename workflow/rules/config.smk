# What the other rules read beside data: the configuration in full, and what is too long for a command line. A run stages
# them as it starts (common.smk), and each is placed anew when its content changes, and only then.
localrules:
    configuration,


rule configuration:
    output:
        of_any(layout.WRITTEN),
    log:
        "results/{name}/logs/{part}.log",
    priority: 1
    conda:
        "../../envs/metaxl.yaml"
    params:
        content=lambda w: PLANS[w.name].content(w.part),
        staged=layout.STAGED,
    shell:
        "logged {log:q} cp {params.staged}/{output:q} {output:q}"
