# the teacher and its adaptation


rule extract_features:
    """Keep what the frozen part of a teacher makes of a domain's rows, once for all jobs."""
    input:
        code=code("extract_features.py", network_modules("teacher")),
        inputs=expand(
            "<results>/domains/{{domain}}/{split}_inputs.safetensors",
            split=["train", "test"],
        ),
    output:
        features=expand(
            "<results>/domains/{{domain}}/{{network}}/{split}_features.safetensors",
            split=["train", "test"],
        ),
    log:
        "<logs>/domains/{domain}/{network}.log",
    benchmark:
        "<benchmarks>/domains/{domain}/{network}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(240),
    params:
        own=own_content(network_modules("teacher")),
        model=lookup("networks/{network}/teacher", within=config),
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            --model {params.model:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --features {output.features:q} \
            --log {log:q}
        """


rule train_teacher:
    """Train a teacher on the labelled source."""
    input:
        code=code("train_teacher.py", network_modules("teacher")),
        inputs="<results>/domains/{source}/train_inputs.safetensors",
        labels="<results>/domains/{source}/train_labels.safetensors",
        features=features("source", "train"),
        start=start_file("teacher"),
    output:
        weights=of_runs(
            "<results>/teachers/{source}/{network}/seed{seed}/weights.safetensors"
        ),
        history=of_runs(
            "<results>/teachers/{source}/{network}/seed{seed}/history.parquet"
        ),
        record=of_runs("<results>/teachers/{source}/{network}/seed{seed}/record.json"),
    log:
        of_job("<logs>/teachers/{source}/{network}/seed{seed}.log"),
    benchmark:
        of_job("<benchmarks>/teachers/{source}/{network}/seed{seed}.tsv")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(network_modules("teacher")),
        model=lookup("networks/{network}/teacher", within=config),
        start=start_flags("teacher"),
        start_content=start_content("teacher"),
        features=feature_flags,
        training=training_flags("teacher"),
        source_augmentation=source_augmentation_flags,
        seeds=seeds,
        states=states,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            --labels {input.labels:q} \
            {params.features:q} \
            --model {params.model:q} \
            {params.start:q} \
            {params.training:q} \
            {params.source_augmentation:q} \
            --seed {params.seeds:q} \
            --state {params.states:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --weights {output.weights:q} \
            --history {output.history:q} \
            --record {output.record:q} \
            --log {log:q}
        """


rule adapt_teacher:
    """Adapt a teacher to unlabelled target inputs; `none` needs no job."""
    input:
        code=code("adapt_teacher.py", adaptation_modules),
        teacher=source_teachers,
        inputs="<results>/domains/{target}/train_inputs.safetensors",
        source_inputs=labelled_source("train_inputs.safetensors"),
        source_labels=labelled_source("train_labels.safetensors"),
        target_features=features("target", "train"),
        source_features=source_features,
    output:
        weights=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher/weights.safetensors"
        ),
        history=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher/history.parquet"
        ),
        record=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher/record.json"
        ),
    log:
        of_job(
            "<logs>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher.log"
        ),
    benchmark:
        of_job(
            "<benchmarks>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher.tsv"
        )
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(adaptation_modules),
        adaptation=adaptation_settings,
        source=source_flags,
        features=feature_flags,
        training=training_flags("adaptation"),
        source_augmentation=source_augmentation_flags,
        seeds=seeds,
        states=states,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --adaptation {wildcards.adaptation:q} \
            --kind {params.adaptation[kind]:q} \
            --weight {params.adaptation[weight]:q} \
            {params.adaptation[more]:q} \
            --teacher {input.teacher:q} \
            --target-inputs {input.inputs:q} \
            {params.source:q} \
            {params.features:q} \
            {params.training:q} \
            {params.source_augmentation:q} \
            --seed {params.seeds:q} \
            --state {params.states:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --weights {output.weights:q} \
            --history {output.history:q} \
            --record {output.record:q} \
            --log {log:q}
        """
