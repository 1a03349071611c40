# Titles, licences and citations, which the code digests do not see.
REGISTRY = Path(workflow.basedir, "workflow/data/registry.yaml")


localrules:
    download,


rule download:
    output:
        ensure(
            "results/raw/{path}",
            sha256=lambda w: expected_sha256(w.path, Path("results/raw", w.path)),
        ),
    log:
        "results/logs/download/{path}.log",
    retries: 3
    conda:
        "../../envs/metaxl.yaml"
    shell:
        "online logged {log:q} python -m metaxl download {wildcards.path:q} --out {output:q}"


rule data:
    input:
        lambda w: PLANS[w.name].data_inputs(w.task, w.language, w.split),
    output:
        "results/{name}/data/{task}/{language}/{split}.jsonl",
    log:
        "results/{name}/logs/data/{task}-{language}-{split}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        options=lambda w: PLANS[w.name].data_options(w.task, w.language, w.split),
        code=lambda w: PLANS[w.name].data_code(w.task, w.language),
    shell:
        "logged {log:q} python -m metaxl data {params.options:q} --out {output:q}"


rule source:
    input:
        "results/{name}/data/{task}/{language}/train.jsonl",
    output:
        "results/{name}/sources/{task}/{language}-{size}.jsonl",
    log:
        "results/{name}/logs/sources/{task}-{language}-{size}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        seed=lambda w: PLANS[w.name].config.data_seed,
        code=digest("metaxl.data.read"),
    shell:
        "logged {log:q} python -m metaxl draw {input:q} --size {wildcards.size} --seed {params.seed} --out {output:q}"


rule data_report:
    input:
        lambda w: PLANS[w.name].report_inputs(),
        REGISTRY,
    output:
        "results/{name}/data/report.json",
        report(
            "results/{name}/data/report.md",
            caption="../report/data.rst",
            category="Data",
        ),
    log:
        "results/{name}/logs/data-report.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        spec=lambda w: PLANS[w.name].report_spec(),
        code=digest("metaxl.reporting.data.summary"),
    shell:
        "logged {log:q} python -m metaxl report {params.spec:q} --root results/{wildcards.name:q} "
        "--out results/{wildcards.name:q}/data"


rule encode_target:
    input:
        data=expand(
            "results/{{name}}/data/{{task}}/{{language}}/{split}.jsonl",
            split=SPLITS,
        ),
        tokenizer="results/{name}/encoders/{encoder}/tokenizer.json",
    output:
        expand(
            "results/{{name}}/encoded/{{encoder}}/{{task}}/{{language}}/{split}.npz",
            split=SPLITS,
        ),
    log:
        "results/{name}/logs/encoded/{encoder}-{task}-{language}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        lengths=lambda w: [
            training_of(w).max_length,
            *[training_of(w).eval_max_length] * 2,
        ],
        code=digest("metaxl.data.encode"),
    shell:
        "logged {log:q} python -m metaxl encode {input.data:q} --tokenizer {input.tokenizer:q} "
        "--task {wildcards.task} --max-length {params.lengths} --out {output:q}"


rule encode_source:
    input:
        data="results/{name}/sources/{task}/{language}-{size}.jsonl",
        tokenizer="results/{name}/encoders/{encoder}/tokenizer.json",
    output:
        "results/{name}/encoded/{encoder}/{task}/{language}-{size}.npz",
    log:
        "results/{name}/logs/encoded/{encoder}-{task}-{language}-{size}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        length=lambda w: training_of(w).max_length,
        code=digest("metaxl.data.encode"),
    shell:
        "logged {log:q} python -m metaxl encode {input.data:q} --tokenizer {input.tokenizer:q} "
        "--task {wildcards.task} --max-length {params.length} --out {output:q}"
