# A training that ends without a score is tried again where another attempt may succeed; in the end the cell leaves its
# reason and stand-ins for its records, so that tables can be made. Within a job of a cluster nothing is tried again, for
# it would get no more memory there: the Snakemake that submits jobs sees to it.
ATTEMPTS = 1 if PLAN.config.strict else 3


rule train:
    input:
        unpack(lambda w: PLANS[w.name].cell_inputs(cell_of(w))),
        encoder=ancient(
            expand(
                of_any(layout.ENCODER), file=layout.ENCODER_FILES, allow_missing=True
            )
        ),
        checksums=of_any(layout.CHECKSUMS),
        again=lambda w: again(
            PLANS[w.name],
            cell_of(w),
            layout.root(w.name) / cell_of(w).path in named_cells(),
        ),
    output:
        scores=of_any(layout.CELL, file=layout.SCORES),
        predictions=of_any(layout.CELL, file=layout.PREDICTIONS),
        history=of_any(layout.CELL, file=layout.HISTORY),
        states=of_any(layout.CELL, file=layout.VECTORS),
    log:
        "results/{name}/logs/cells/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.log",
    benchmark:
        "results/{name}/benchmarks/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.tsv"
    retries: ATTEMPTS - 1 if workflow.is_main_process else 0
    conda:
        "../../envs/metaxl.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: request_of(PLANS[w.name], cell_of(w)).mem_mb(attempt),
        runtime=lambda w, attempt: request_of(PLANS[w.name], cell_of(w)).runtime(
            attempt
        ),
        gpu_slots=1,
        # No parameter: whether the model is left for the rule that keeps it changes no score, and reruns nothing.
        keep_models=lambda w: PLANS[w.name].config.keep_models,
        # As text: Snakemake rounds numbers.
        checkpoint_minutes=lambda w: str(PLANS[w.name].config.checkpoint_minutes),
        device=lambda w: PLANS[w.name].config.device,
        strict=lambda w: "yes" if PLANS[w.name].config.strict else "no",
        attempt=lambda w, attempt: attempt,
        attempts=ATTEMPTS,
    params:
        spec=lambda w: PLANS[w.name].cell_spec(cell_of(w)),
        source=lambda w, input: (
            ["--source", *input.source] if input.get("source") else []
        ),
        encoder=lambda w, input: Path(input.encoder[0]).parent,
        out=lambda w, output: Path(output.scores).parent,
        work=of_any(layout.WORK),
        best=lambda w: PLANS[w.name].models.best_of(cell_of(w)),
        code=lambda w: PLANS[w.name].cell_code(cell_of(w)),
    shell:
        "logged {log:q} python -m metaxl train {params.spec:q} --encoder {params.encoder:q} "
        "--target {input.target:q} {params.source:q} --out {params.out:q} "
        "--work {params.work:q} --best {params.best:q} --keep-models {resources.keep_models} "
        "--checkpoint-minutes {resources.checkpoint_minutes} --device {resources.device} "
        "|| python -m metaxl give-up {params.spec:q} --status $? --attempt {resources.attempt} "
        "--attempts {resources.attempts} --log {log:q} --out {params.out:q} --work {params.work:q} "
        "--strict {resources.strict}"
