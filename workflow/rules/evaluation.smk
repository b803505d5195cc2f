# evaluation and the tidy tables


rule evaluate:
    """Evaluate every network of a transfer, network and seed on both test halves."""
    input:
        code=code("evaluate.py"),
        source_images="<results>/domains/{source}/test_images.safetensors",
        source_labels="<results>/domains/{source}/test_labels.safetensors",
        target_images="<results>/domains/{target}/test_images.safetensors",
        target_labels="<results>/domains/{target}/test_labels.safetensors",
        weights=evaluated("weights.safetensors"),
        records=evaluated("record.json"),
        histories=evaluated("history.parquet"),
    output:
        predictions="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/evaluation/predictions.parquet",
        metrics="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/evaluation/metrics.parquet",
        history="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/evaluation/history.parquet",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/seed{seed}/evaluation.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/seed{seed}/evaluation.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        device=device,
    shell:
        """
        python {input.code[0]} \
            --network {wildcards.network} \
            --source-images {input.source_images} \
            --source-labels {input.source_labels} \
            --target-images {input.target_images} \
            --target-labels {input.target_labels} \
            --weights {input.weights} \
            --records {input.records} \
            --histories {input.histories} \
            --device {params.device} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --predictions {output.predictions} \
            --metrics {output.metrics} \
            --history {output.history} \
            --log {log}
        """


rule summarize:
    """Join all evaluations into the tidy tables that figures and tables are made from."""
    input:
        code=code("summarize.py"),
        metrics=of_seeds("metrics.parquet"),
        predictions=of_seeds("predictions.parquet"),
        histories=of_seeds("history.parquet"),
    output:
        metrics="<results>/metrics.parquet",
        confusion="<results>/confusion.parquet",
        history="<results>/history.parquet",
    log:
        "<logs>/summarize.log",
    benchmark:
        "<benchmarks>/summarize.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    shell:
        """
        python {input.code[0]} \
            --metrics {input.metrics} \
            --predictions {input.predictions} \
            --histories {input.histories} \
            --out-metrics {output.metrics} \
            --out-confusion {output.confusion} \
            --out-history {output.history} \
            --log {log}
        """
