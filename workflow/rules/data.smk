import json


# Of seconds each: on a cluster they are not submitted.
localrules:
    download,
    data,
    source,
    data_report,
    encode_target,
    encode_source,


rule download:
    output:
        ensure(
            f"{layout.RAW}/{{path}}",
            sha256=lambda w: expected_sha256(w.path, layout.RAW / w.path),
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
        lambda w: PLANS[w.name].data.downloaded(w.task, w.language, w.split),
        own=ancient(
            lambda w: PLANS[w.name].data.own_inputs(w.task, w.language, w.split)
        ),
        made_of=lambda w: PLANS[w.name].data.staged(w.task, w.language, w.split),
    output:
        data=of_any(layout.DATA),
        facts=of_any(layout.DATA_FACTS),
    log:
        "results/{name}/logs/data/{task}-{language}-{split}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        options=lambda w: PLANS[w.name].data.options(w.task, w.language, w.split),
        code=lambda w: PLANS[w.name].data.code(w.task, w.language),
    shell:
        "logged {log:q} python -m metaxl data {params.options:q} --made-of {input.made_of:q} "
        "--out {output.data:q}"


rule source:
    input:
        of_any(layout.DATA, split="train"),
    output:
        of_any(layout.SOURCE),
    log:
        "results/{name}/logs/sources/{task}-{language}-{size}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        seed=lambda w: PLANS[w.name].config.data_seed,
        order=lambda w: PLANS[w.name].config.source_draw,
        code=digest("metaxl.data.draw"),
    shell:
        "logged {log:q} python -m metaxl draw {input:q} --size {wildcards.size} --seed {params.seed} "
        "--order {params.order} --out {output:q}"


rule data_report:
    input:
        unpack(lambda w: report_inputs(PLANS[w.name])),
        facts=lambda w: report_facts(PLANS[w.name]),
        spec=of_any(layout.REPORTED),
        labels=of_any(layout.LABELS),
        tokenizers=ancient(lambda w: report_tokenizers(PLANS[w.name])),
    output:
        of_any(layout.REPORT, suffix="json"),
        of_any(layout.REPORT, suffix="md"),
    log:
        "results/{name}/logs/data-report.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        registry=content_digest(REGISTRY_PATH),
        code=digest("metaxl.reporting.data.summary"),
    shell:
        "logged {log:q} python -m metaxl report {input.spec:q} --labels {input.labels:q} --root results/{wildcards.name:q} "
        "--out results/{wildcards.name:q}/data"


rule encode_target:
    input:
        data=expand(of_any(layout.DATA), split=SPLITS, allow_missing=True),
        tokenizer=ancient(of_any(layout.ENCODER, file="tokenizer.json")),
        checksums=of_any(layout.CHECKSUMS),
    output:
        encoded=expand(of_any(layout.ENCODED_TARGET), split=SPLITS, allow_missing=True),
        facts=expand(of_any(layout.TARGET_FACTS), split=SPLITS, allow_missing=True),
    log:
        "results/{name}/logs/encoded/{encoder}-{task}-{language}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        labels=lambda w: json.dumps(PLANS[w.name].labels(w.task).classes),
        lengths=lambda w: PLANS[w.name].lengths(w.task),
        code=digest("metaxl.data.encode") + digest("metaxl.data.facts"),
    shell:
        "logged {log:q} python -m metaxl encode {input.data:q} --tokenizer {input.tokenizer:q} "
        "--task {wildcards.task} --labels {params.labels:q} --max-length {params.lengths} --out {output.encoded:q}"


rule encode_source:
    input:
        data=of_any(layout.SOURCE),
        tokenizer=ancient(of_any(layout.ENCODER, file="tokenizer.json")),
        checksums=of_any(layout.CHECKSUMS),
    output:
        encoded=of_any(layout.ENCODED_SOURCE),
        facts=of_any(layout.SOURCE_FACTS),
    log:
        "results/{name}/logs/encoded/{encoder}-{task}-{language}-{size}.log",
    conda:
        "../../envs/metaxl.yaml"
    params:
        labels=lambda w: json.dumps(PLANS[w.name].labels(w.task).classes),
        length=lambda w: PLANS[w.name].lengths(w.task)[0],
        code=digest("metaxl.data.encode") + digest("metaxl.data.facts"),
    shell:
        "logged {log:q} python -m metaxl encode {input.data:q} --tokenizer {input.tokenizer:q} "
        "--task {wildcards.task} --labels {params.labels:q} --max-length {params.length} --out {output.encoded:q}"
