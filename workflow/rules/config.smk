# What the other rules read beside data: the configuration in full, and what is too long for a command line. Each file is
# written anew when its content changes, and only then.
localrules:
    configuration,


rule configuration:
    output:
        of_any(layout.WRITTEN),
    log:
        "results/{name}/logs/{part}.log",
    priority: 1
    params:
        content=lambda w: PLANS[w.name].content(w.part),
    run:
        write_text(Path(output[0]), params.content)
