# selection without target labels, and how good it was


rule find_neighbours:
    """Find out which rows are alike, as each seed's teacher of the source sees them."""
    input:
        code=code("find_neighbours.py", network_modules("teacher")),
        source_test="<results>/domains/{source}/test_inputs.safetensors",
        target_train="<results>/domains/{target}/train_inputs.safetensors",
        source_test_features=features("source", "test"),
        target_train_features=features("target", "train"),
        weights=unadapted_teachers,
    output:
        neighbours="<results>/transfers/{source}-to-{target}/{network}/neighbours.parquet",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/neighbours.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/neighbours.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        own=own_content(network_modules("teacher")),
        features=feature_flags,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --source-test-inputs {input.source_test:q} \
            --target-train-inputs {input.target_train:q} \
            {params.features:q} \
            --weights {input.weights:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --neighbours {output.neighbours:q} \
            --log {log:q}
        """


rule validate:
    """Score every network of a transfer and network without the target's labels."""
    input:
        code=code("validate.py"),
        outputs="<results>/transfers/{source}-to-{target}/{network}/label-free/outputs.parquet",
        neighbours="<results>/transfers/{source}-to-{target}/{network}/neighbours.parquet",
        source_labels="<results>/domains/{source}/test_labels.safetensors",
    output:
        validators="<results>/transfers/{source}-to-{target}/{network}/validators.parquet",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/validators.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/validators.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    shell:
        """
        python {input.code[0]:q} \
            --outputs {input.outputs:q} \
            --neighbours {input.neighbours:q} \
            --source-labels {input.source_labels:q} \
            --validators {output.validators:q} \
            --log {log:q}
        """


rule select:
    """Choose the round of every distilled student by the config's requirement."""
    input:
        code=code("select_round.py"),
        validators=of_cells("validators.parquet"),
        metrics=oracle_metrics(),
    output:
        selection="<results>/selection.parquet",
        csv=report(
            "<results>/tables/selection.csv",
            caption="../report/selection.rst",
            category="Tables",
            labels={"table": "selection"},
        ),
    log:
        "<logs>/select.log",
    benchmark:
        "<benchmarks>/select.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        requirement=requirement_flags(),
        oracle=oracle_flags,
    shell:
        """
        python {input.code[0]:q} \
            --validators {input.validators:q} \
            {params.requirement:q} \
            {params.oracle:q} \
            --selection {output.selection:q} \
            --csv {output.csv:q} \
            --log {log:q}
        """


rule select_settings:
    """Of every sweep over settings the point that the criterion chooses, over all seeds."""
    input:
        code=code("select_settings.py"),
        selection="<results>/selection.parquet",
    output:
        csv=report(
            "<results>/tables/sweeps.csv",
            caption="../report/sweeps.rst",
            category="Tables",
            labels={"table": "sweeps over settings"},
        ),
    log:
        "<logs>/select_settings.log",
    benchmark:
        "<benchmarks>/select_settings.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        families=family_flags(),
    shell:
        """
        python {input.code[0]:q} \
            --selection {input.selection:q} \
            {params.families:q} \
            --csv {output.csv:q} \
            --log {log:q}
        """


rule tabulate_selection:
    """What each validator would have picked, beside the oracle's pick; for reading alone."""
    input:
        code=code("tabulate_selection.py"),
        validators=of_cells("validators.parquet"),
        metrics="<results>/metrics.parquet",
    output:
        csv=report(
            "<results>/tables/validators.csv",
            caption="../report/validators.rst",
            category="Tables",
            labels={"table": "validators"},
        ),
    log:
        "<logs>/tabulate_selection.log",
    benchmark:
        "<benchmarks>/tabulate_selection.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        headline=config["headline"],
    shell:
        """
        python {input.code[0]:q} \
            --validators {input.validators:q} \
            --metrics {input.metrics:q} \
            --headline {params.headline:q} \
            --csv {output.csv:q} \
            --log {log:q}
        """
