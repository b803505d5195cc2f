# students: distilled, the two yardsticks, and those that see few labels of the target


rule distill_student:
    """Distil a student from cached logits; it never sees a label of the target."""
    input:
        code=code("distill_student.py", method_modules),
        inputs="<results>/domains/{target}/train_inputs.safetensors",
        logits=cached_logits,
        teacher=labellers,
        source_inputs=joint_source("train_inputs.safetensors"),
        source_labels=joint_source("train_labels.safetensors"),
        start=start_file("student"),
    output:
        weights=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/weights.safetensors"
        ),
        history=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/history.parquet"
        ),
        record=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/record.json"
        ),
    log:
        of_job(
            "<logs>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}.log"
        ),
    benchmark:
        of_job(
            "<benchmarks>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}.tsv"
        )
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(method_modules),
        model=lookup("networks/{network}/student", within=config),
        start=start_flags("student"),
        start_content=start_content("student"),
        method=lookup("methods/{method}", within=config),
        source=source_flags,
        few=few_flags,
        training=training_flags("student"),
        seeds=seeds,
        states=states,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            --logits {input.logits:q} \
            --teacher {input.teacher:q} \
            --model {params.model:q} \
            {params.start:q} \
            --method {wildcards.method:q} \
            --loss {params.method[loss]:q} \
            --temperature {params.method[temperature]:q} \
            --views {params.method[views]:q} \
            --budget {params.method[budget]:q} \
            --confidence {params.method[confidence]:q} \
            --weighting {params.method[weighting]:q} \
            --source-weight {params.method[source_weight]:q} \
            {params.source:q} \
            {params.few:q} \
            {params.training:q} \
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


rule train_student:
    """Train a student on a domain's labels: source-only there, oracle where it is the target."""
    input:
        code=code("train_student.py", network_modules("student")),
        inputs="<results>/domains/{domain}/train_inputs.safetensors",
        labels="<results>/domains/{domain}/train_labels.safetensors",
        start=start_file("student"),
    output:
        weights=of_runs(
            "<results>/students/{domain}/{network}/seed{seed}/weights.safetensors"
        ),
        history=of_runs(
            "<results>/students/{domain}/{network}/seed{seed}/history.parquet"
        ),
        record=of_runs("<results>/students/{domain}/{network}/seed{seed}/record.json"),
    log:
        of_job("<logs>/students/{domain}/{network}/seed{seed}.log"),
    benchmark:
        of_job("<benchmarks>/students/{domain}/{network}/seed{seed}.tsv")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(network_modules("student")),
        model=lookup("networks/{network}/student", within=config),
        start=start_flags("student"),
        start_content=start_content("student"),
        few=few_flags,
        training=training_flags("student"),
        seeds=seeds,
        states=states,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            --labels {input.labels:q} \
            --model {params.model:q} \
            {params.start:q} \
            {params.few:q} \
            {params.training:q} \
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


use rule distill_student as distill_labelled with:
    # beside the cache few labels of the target: its row is marked so, and chosen by nothing
    input:
        code=code("distill_student.py", method_modules),
        inputs="<results>/domains/{target}/train_inputs.safetensors",
        logits=cached_logits,
        teacher=labellers,
        source_inputs=joint_source("train_inputs.safetensors"),
        source_labels=joint_source("train_labels.safetensors"),
        start=start_file("student"),
        few_labels="<results>/domains/{target}/train_labels.safetensors",
    output:
        weights=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/labels{labels}/weights.safetensors"
        ),
        history=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/labels{labels}/history.parquet"
        ),
        record=of_runs(
            "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/labels{labels}/record.json"
        ),
    log:
        of_job(
            "<logs>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/labels{labels}.log"
        ),
    benchmark:
        of_job(
            "<benchmarks>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/labels{labels}.tsv"
        )


use rule train_student as train_few with:
    # the oracle of few labels
    output:
        weights=of_runs(
            "<results>/students/{domain}/{network}/labels{labels}/seed{seed}/weights.safetensors"
        ),
        history=of_runs(
            "<results>/students/{domain}/{network}/labels{labels}/seed{seed}/history.parquet"
        ),
        record=of_runs(
            "<results>/students/{domain}/{network}/labels{labels}/seed{seed}/record.json"
        ),
    log:
        of_job("<logs>/students/{domain}/{network}/labels{labels}/seed{seed}.log"),
    benchmark:
        of_job("<benchmarks>/students/{domain}/{network}/labels{labels}/seed{seed}.tsv")
