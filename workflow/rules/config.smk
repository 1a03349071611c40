# What the other rules read beside data: the configuration in full, and what is too long for a command line. Each is placed
# anew when its content changes, and only then: what is staged is newer than what lies there if the two differ.
localrules:
    configuration,


rule configuration:
    input:
        lambda w: PLANS.staged(w.name, w.part),
    output:
        of_any(layout.WRITTEN),
    log:
        "results/{name}/logs/{part}.log",
    priority: 1
    conda:
        "../../envs/metaxl.yaml"
    shell:
        "logged {log:q} cp {input:q} {output:q}"
