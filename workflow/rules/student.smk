# students: distilled, and the two yardsticks


rule distill_student:
    """Distil a student from cached logits; it never sees a label of the target."""
    input:
        code=code("distill_student.py"),
        inputs="<results>/domains/{target}/train_inputs.safetensors",
        logits=cached_logits,
        teacher=labellers,
        source_inputs=joint_source("train_inputs.safetensors"),
        source_labels=joint_source("train_labels.safetensors"),
    output:
        weights="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/weights.safetensors",
        history="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/history.parquet",
        record="<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}/record.json",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/{method}/round{round}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        model=lookup("networks/{network}/student", within=config),
        method=lookup("methods/{method}", within=config),
        source=source_flags,
        training=lookup("training/student", within=config),
        augmentation=augmentation_flags("student"),
        compute=compute_flags("student"),
        device=device,
    shell:
        """
        python {input.code[0]} \
            --inputs {input.inputs} \
            --logits {input.logits} \
            --teacher {input.teacher} \
            --model {params.model} \
            --method {wildcards.method} \
            --loss {params.method[loss]} \
            --temperature {params.method[temperature]} \
            --views {params.method[views]} \
            --budget {params.method[budget]} \
            --confidence {params.method[confidence]} \
            --weighting {params.method[weighting]} \
            --source-weight {params.method[source_weight]} \
            {params.source} \
            --steps {params.training[steps]} \
            --batch {params.training[batch]} \
            --lr {params.training[lr]} \
            --weight-decay {params.training[weight_decay]} \
            {params.augmentation} \
            {params.compute} \
            --seed {wildcards.seed} \
            --state {output.weights}.state \
            --device {params.device} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --weights {output.weights} \
            --history {output.history} \
            --record {output.record} \
            --log {log}
        """


rule train_student:
    """Train a student on a domain's labels: source-only there, oracle where it is the target."""
    input:
        code=code("train_student.py"),
        inputs="<results>/domains/{domain}/train_inputs.safetensors",
        labels="<results>/domains/{domain}/train_labels.safetensors",
    output:
        weights="<results>/students/{domain}/{network}/seed{seed}/weights.safetensors",
        history="<results>/students/{domain}/{network}/seed{seed}/history.parquet",
        record="<results>/students/{domain}/{network}/seed{seed}/record.json",
    log:
        "<logs>/students/{domain}/{network}/seed{seed}.log",
    benchmark:
        "<benchmarks>/students/{domain}/{network}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        model=lookup("networks/{network}/student", within=config),
        training=lookup("training/student", within=config),
        augmentation=augmentation_flags("student"),
        compute=compute_flags("student"),
        device=device,
    shell:
        """
        python {input.code[0]} \
            --inputs {input.inputs} \
            --labels {input.labels} \
            --model {params.model} \
            --steps {params.training[steps]} \
            --batch {params.training[batch]} \
            --lr {params.training[lr]} \
            --weight-decay {params.training[weight_decay]} \
            {params.augmentation} \
            {params.compute} \
            --seed {wildcards.seed} \
            --state {output.weights}.state \
            --device {params.device} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --weights {output.weights} \
            --history {output.history} \
            --record {output.record} \
            --log {log}
        """
