# On the head node of a cluster: compute nodes often have no network.
localrules:
    encoder,


rule encoder:
    input:
        lambda w: PLANS[w.name].encoder_inputs(w.encoder),
    output:
        expand(
            "results/{{name}}/encoders/{{encoder}}/{file}",
            file=["config.json", "model.safetensors", "tokenizer.json"],
        ),
    log:
        "results/{name}/logs/encoders/{encoder}.log",
    retries: 2
    conda:
        "../../envs/metaxl.yaml"
    params:
        spec=lambda w: PLANS[w.name].encoder_spec(w.encoder),
        code=lambda w: PLANS[w.name].encoder_code(w.encoder),
    shell:
        "online logged {log:q} python -m metaxl encoder {params.spec:q} "
        "--out results/{wildcards.name:q}/encoders/{wildcards.encoder:q}"
