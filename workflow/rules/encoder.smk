# On the head node of a cluster: compute nodes often have no network. Pre-training is not for that node.
localrules:
    encoder,


# Downloads wait out what passes themselves; what else goes wrong would go wrong again, so there are no retries.
#
# Who reads an encoder's large files reads its checksums too. The files are `ancient`, so that their times do not count,
# which a copy loses; the checksums are small, so that Snakemake compares them by content. (Never `ancient` alone: when a
# rule runs again, Snakemake does not ask whether the parameters changed of those that read nothing else of it.)
PRETRAINED = "|".join(PLANS.pretrained()) or "(?!)"


rule encoder:
    input:
        ancient(lambda w: PLANS[w.name].encoders.inputs(w.encoder)),
        spec=of_any(layout.ENCODER_SPEC),
    output:
        expand(of_any(layout.ENCODER), file=layout.ENCODER_FILES, allow_missing=True),
        of_any(layout.CHECKSUMS),
    log:
        "results/{name}/logs/encoders/{encoder}.log",
    wildcard_constraints:
        encoder=rf"(?!(?:{PRETRAINED})/)[^/]+",
    conda:
        "../../envs/metaxl.yaml"
    params:
        files=lambda w: PLANS[w.name].encoders.checksums(w.encoder),
        code=lambda w: PLANS[w.name].encoders.code(w.encoder),
    shell:
        "online logged {log:q} python -m metaxl prepare-encoder {input.spec:q} "
        "--out results/{wildcards.name:q}/encoders/{wildcards.encoder:q}"


use rule encoder as pretrained_encoder with:
    wildcard_constraints:
        encoder=PRETRAINED,
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 120 * attempt,
