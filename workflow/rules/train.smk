rule train:
    input:
        unpack(lambda w: PLANS[w.name].cell_inputs(cell_of(w))),
    output:
        scores="results/{name}/cells/{encoder}/{task}/{target}/{source}/{method}/seed{seed}/scores.json",
        predictions="results/{name}/cells/{encoder}/{task}/{target}/{source}/{method}/seed{seed}/predictions.jsonl",
        history="results/{name}/cells/{encoder}/{task}/{target}/{source}/{method}/seed{seed}/history.jsonl",
        states="results/{name}/cells/{encoder}/{task}/{target}/{source}/{method}/seed{seed}/representations.npz",
    log:
        "results/{name}/logs/cells/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.log",
    benchmark:
        "results/{name}/benchmarks/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.tsv"
    conda:
        "../../envs/metaxl.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        gpu_slots=1,
    params:
        spec=lambda w: PLANS[w.name].cell_spec(cell_of(w)),
        source=lambda w, input: (
            ["--source", *input.source] if input.get("source") else []
        ),
        encoder=lambda w, input: Path(input.encoder[0]).parent,
        out=lambda w, output: Path(output.scores).parent,
        code=lambda w: PLANS[w.name].cell_code(cell_of(w)),
    shell:
        "logged {log:q} python -m metaxl train {params.spec:q} --encoder {params.encoder:q} "
        "--target {input.target:q} {params.source:q} --out {params.out:q}"
