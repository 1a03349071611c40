# What the other rules read beside data: the configuration in full, and what is too long for a command line. Each file is
# written anew when its content changes, and only then.
localrules:
    configuration,
    asked,


rule configuration:
    output:
        of_any(layout.CONFIG),
    log:
        "results/{name}/logs/config.log",
    priority: 1
    params:
        content=lambda w: PLANS[w.name].config_json,
    run:
        write_text(Path(output[0]), params.content)


rule asked:
    output:
        of_any(layout.ASKED),
    log:
        "results/{name}/logs/asked/{part}.log",
    params:
        content=lambda w: PLANS[w.name].asked(w.part),
    run:
        write_text(Path(output[0]), params.content)
