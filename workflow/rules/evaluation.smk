# outputs of all networks, their evaluation, and the tidy tables


rule predict:
    """Compute the logits of every network of a transfer and network, of all seeds at once.

    The oracles have a job of their own: the others' outputs must know no target label.
    """
    input:
        code=code("predict.py", network_modules("teacher", "student")),
        source_train=learned_rows,
        source_test="<results>/domains/{source}/test_inputs.safetensors",
        target_train="<results>/domains/{target}/train_inputs.safetensors",
        target_test="<results>/domains/{target}/test_inputs.safetensors",
        source_test_features=features("source", "test"),
        target_train_features=features("target", "train"),
        target_test_features=features("target", "test"),
        weights=predicted_weights,
    output:
        outputs="<results>/transfers/{source}-to-{target}/{network}/{part}/outputs.parquet",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/{part}/outputs.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/{part}/outputs.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        own=own_content(network_modules("teacher", "student")),
        learned=lambda wildcards, input: flags(
            {"source_train_inputs": input.source_train or None}
        ),
        features=feature_flags,
        order=config_order,
        oracle=oracle_flags_of,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --network {wildcards.network:q} \
            --source-test-inputs {input.source_test:q} \
            --target-train-inputs {input.target_train:q} \
            --target-test-inputs {input.target_test:q} \
            {params.learned:q} \
            {params.features:q} \
            --weights {input.weights:q} \
            {params.oracle:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --outputs {output.outputs:q} \
            --log {log:q}
        """


rule evaluate:
    """Hold the outputs of every network of a transfer and network against both tests' labels."""
    input:
        code=code("evaluate.py"),
        outputs=expand(
            "<results>/transfers/{{source}}-to-{{target}}/{{network}}/{part}/outputs.parquet",
            part=PARTS,
        ),
        source_labels="<results>/domains/{source}/test_labels.safetensors",
        target_labels="<results>/domains/{target}/test_labels.safetensors",
        records=evaluated("record.json"),
        histories=evaluated("history.parquet"),
    output:
        predictions="<results>/transfers/{source}-to-{target}/{network}/evaluation/predictions.parquet",
        metrics="<results>/transfers/{source}-to-{target}/{network}/evaluation/metrics.parquet",
        history="<results>/transfers/{source}-to-{target}/{network}/evaluation/history.parquet",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/evaluation.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/evaluation.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    shell:
        """
        python {input.code[0]:q} \
            --outputs {input.outputs:q} \
            --source-labels {input.source_labels:q} \
            --target-labels {input.target_labels:q} \
            --records {input.records:q} \
            --histories {input.histories:q} \
            --predictions {output.predictions:q} \
            --metrics {output.metrics:q} \
            --history {output.history:q} \
            --log {log:q}
        """


rule summarize:
    """Join all evaluations into the tidy tables that figures and tables are made from."""
    input:
        code=code("summarize.py"),
        metrics=of_cells("evaluation/metrics.parquet"),
        predictions=of_cells("evaluation/predictions.parquet"),
        histories=of_cells("evaluation/history.parquet"),
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
    params:
        experiment=experiment,
        settings=lambda wildcards: SETTINGS,  # else a brace in it would be a wildcard
    shell:
        """
        python {input.code[0]:q} \
            --metrics {input.metrics:q} \
            --predictions {input.predictions:q} \
            --histories {input.histories:q} \
            --experiment {params.experiment:q} \
            --settings {params.settings:q} \
            --out-metrics {output.metrics:q} \
            --out-confusion {output.confusion:q} \
            --out-history {output.history:q} \
            --log {log:q}
        """


rule measure_cost:
    """Measure what each network costs on this machine, alone on it: seconds, bytes, products."""
    input:
        code=code("measure_cost.py", network_modules("teacher", "student")),
        weights=costed("weights"),
        inputs=costed("inputs"),
    output:
        cost="<benchmarks>/cost.parquet",
    log:
        "<logs>/measure_cost.log",
    benchmark:
        "<benchmarks>/measure_cost.tsv"
    conda:
        "../../environment.yml"
    threads: EVERY_CORE
    resources:
        mem_mb=growing(5000),
        runtime=growing(30),
    params:
        own=own_content(network_modules("teacher", "student")),
        transfers=costed("transfers"),
        networks=costed("networks"),
    shell:
        """
        python {input.code[0]:q} \
            --weights {input.weights:q} \
            --inputs {input.inputs:q} \
            --transfers {params.transfers:q} \
            --networks {params.networks:q} \
            --cost {output.cost:q} \
            --log {log:q}
        """
