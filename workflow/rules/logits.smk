# the logit cache


rule cache_logits:
    """Label the target's training images once, for every student of this teacher.

    One job, or one a shard: what is lost is made again alone.
    """
    input:
        code=code("cache_logits.py"),
        teacher=teacher_weights,
        images="<results>/domains/{target}/train_images.safetensors",
    output:
        logits=of_logits("results", ".parquet"),
    log:
        of_logits("logs", ".log"),
    benchmark:
        of_logits("benchmarks", ".tsv")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        shard=shard,
        views=view_flags,
        dtype=lookup("logits/dtype", within=config),
        device=device,
    shell:
        """
        python {input.code[0]} \
            --teacher {input.teacher} \
            --images {input.images} \
            --adaptation {wildcards.adaptation} \
            --shard {params.shard} \
            {params.views} \
            --dtype {params.dtype} \
            --device {params.device} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --logits {output.logits} \
            --log {log}
        """
