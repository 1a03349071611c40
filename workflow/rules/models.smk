# Kept models are outputs of their own, which no score depends on: each can be asked for by its path, is made anew when
# its cell is, and comes back when it is deleted. Its card, and how its words were split, are written beside it by code of
# which the rules hold no digest, from facts that are `ancient`: an edit to these would train models again.
rule model:
    input:
        unpack(lambda w: PLANS[w.name].cell_inputs(cell_of(w))),
        encoder=ancient(
            expand(
                of_any(layout.ENCODER), file=layout.ENCODER_FILES, allow_missing=True
            )
        ),
        checksums=of_any(layout.CHECKSUMS),
        scores=of_any(layout.CELL, file=layout.SCORES),
        predictions=of_any(layout.CELL, file=layout.PREDICTIONS),
        reported=ancient(of_any(layout.REPORTED)),
    output:
        directory(of_any(layout.MODEL)),
    log:
        "results/{name}/logs/models/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.log",
    conda:
        "../../envs/metaxl.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: request_of(PLANS[w.name], cell_of(w)).mem_mb(attempt),
        runtime=lambda w, attempt: request_of(PLANS[w.name], cell_of(w)).runtime(
            attempt
        ),
        gpu_slots=1,
        device=lambda w: PLANS[w.name].config.device,
    params:
        spec=lambda w: PLANS[w.name].cell_spec(cell_of(w)),
        source=lambda w, input: (
            ["--source", *input.source] if input.get("source") else []
        ),
        encoder=lambda w, input: Path(input.encoder[0]).parent,
        cell=lambda w, input: Path(input.scores).parent,
        work=of_any(layout.WORK),
        code=lambda w: PLANS[w.name].cell_code(cell_of(w)),
        keeping=digest("metaxl.training.keep"),
    shell:
        "logged {log:q} python -m metaxl keep-model {params.spec:q} --encoder {params.encoder:q} "
        "--target {input.target:q} {params.source:q} --cell {params.cell:q} --work {params.work:q} "
        "--reported {input.reported:q} --device {resources.device} --out {output:q}"


rule best_model:
    input:
        unpack(lambda w: PLANS[w.name].models.best_inputs(w.task, w.target)),
        encoders=ancient(lambda w: PLANS[w.name].models.best_encoders(w.task, w.target)),
        candidates=of_any(layout.CANDIDATES),
        again=lambda w: again_without_model(
            PLANS[w.name].models.best(w.task, w.target), named_models()
        ),
        reported=ancient(of_any(layout.REPORTED)),
    output:
        directory(of_any(layout.BEST_MODEL)),
    log:
        "results/{name}/logs/models/best-{task}-{target}.log",
    conda:
        "../../envs/metaxl.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: request_of_best(
            PLANS[w.name], w.task, w.target
        ).mem_mb(attempt),
        runtime=lambda w, attempt: request_of_best(
            PLANS[w.name], w.task, w.target
        ).runtime(attempt),
        gpu_slots=1,
        device=lambda w: PLANS[w.name].config.device,
        # No parameter: nothing that it changes is made anew.
        other_records=lambda w: PLANS[w.name].config.other_records,
    params:
        work=of_any(layout.BEST_WORK),
        choosing=digest("metaxl.reporting.best"),
        keeping=digest("metaxl.training.keep"),
    shell:
        "logged {log:q} python -m metaxl keep-best {input.candidates:q} --root results/{wildcards.name:q} "
        "--work {params.work:q} --reported {input.reported:q} --other-records {resources.other_records} --device {resources.device} --out {output:q}"
