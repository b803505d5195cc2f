# the logit cache


rule cache_logits:
    """Label the target's training inputs once, for every student of this teacher.

    One job, or one a shard: what is lost is made again alone.
    """
    input:
        code=code("cache_logits.py", network_modules("teacher")),
        teacher=teachers_of_runs,
        inputs="<results>/domains/{target}/train_inputs.safetensors",
        features=features("target", "train"),
    output:
        logits=of_runs(of_logits("results", ".parquet")),
    log:
        of_job(of_logits("logs", ".log")),
    benchmark:
        of_job(of_logits("benchmarks", ".tsv"))
    wildcard_constraints:
        adaptation=one_of(filter(has_weights, config["adaptations"])),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(network_modules("teacher")),
        shard=shard,
        views=view_flags,
        features=feature_flags,
        dtype=lookup("logits/dtype", within=config),
        keep=lookup("logits/keep", within=config),
        seeds=seeds,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --teacher {input.teacher:q} \
            --inputs {input.inputs:q} \
            {params.features:q} \
            --adaptation {wildcards.adaptation:q} \
            --shard {params.shard:q} \
            {params.views:q} \
            --seed {params.seeds:q} \
            --dtype {params.dtype:q} \
            --keep {params.keep:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --logits {output.logits:q} \
            --log {log:q}
        """


rule cache_round:
    """Label the inputs anew by the student of the round before, who remembers its labels."""
    input:
        code=code("cache_logits.py", network_modules("student")),
        student=previous_students,
        previous=previous_logits,
        inputs="<results>/domains/{target}/train_inputs.safetensors",
    output:
        logits=of_runs(of_logits("results", ".parquet", STUDENT)),
    log:
        of_job(of_logits("logs", ".log", STUDENT)),
    benchmark:
        of_job(of_logits("benchmarks", ".tsv", STUDENT))
    wildcard_constraints:
        round="[2-9]|[1-9][0-9]+",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=hour_a_run,
    params:
        own=own_content(network_modules("student")),
        shard=shard,
        views=view_flags,
        memory=lookup("memory", within=config),
        dtype=lookup("logits/dtype", within=config),
        keep=lookup("logits/keep", within=config),
        seeds=seeds,
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --teacher {input.student:q} \
            --previous {input.previous:q} \
            --memory {params.memory:q} \
            --inputs {input.inputs:q} \
            --adaptation {wildcards.adaptation:q} \
            --shard {params.shard:q} \
            {params.views:q} \
            --seed {params.seeds:q} \
            --dtype {params.dtype:q} \
            --keep {params.keep:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --logits {output.logits:q} \
            --log {log:q}
        """


rule combine_logits:
    """Join the caches of several teachers into one."""
    input:
        code=code("combine_logits.py"),
        members=member_logits,
    output:
        logits=of_logits("results", ".parquet"),
    log:
        of_logits("logs", ".log"),
    benchmark:
        of_logits("benchmarks", ".tsv")
    wildcard_constraints:
        adaptation=one_of(COMBINED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        order=lambda wildcards: members_of(wildcards.adaptation),
        combine=lookup("adaptations/{adaptation}/combine", within=config),
        dtype=lookup("logits/dtype", within=config),
        keep=lookup("logits/keep", within=config),
    shell:
        """
        python {input.code[0]:q} \
            --members {input.members:q} \
            --combine {params.combine:q} \
            --source {wildcards.source:q} \
            --adaptation {wildcards.adaptation:q} \
            --dtype {params.dtype:q} \
            --keep {params.keep:q} \
            --logits {output.logits:q} \
            --log {log:q}
        """


rule import_logits:
    """Check logits that the user brought, and write them as a cache."""
    input:
        code=code("import_logits.py"),
        own=own_logits,
        inputs="<results>/domains/{target}/train_inputs.safetensors",
    output:
        logits=of_logits("results", ".parquet"),
    log:
        of_logits("logs", ".log"),
    benchmark:
        of_logits("benchmarks", ".tsv")
    wildcard_constraints:
        adaptation=one_of(IMPORTED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        meaning=lambda wildcards: brought(config["adaptations"][wildcards.adaptation])[
            "as"
        ],
        shard=shard,
        dtype=lookup("logits/dtype", within=config),
    shell:
        """
        python {input.code[0]:q} \
            --own {input.own:q} \
            --as {params.meaning:q} \
            --inputs {input.inputs:q} \
            --source {wildcards.source:q} \
            --adaptation {wildcards.adaptation:q} \
            --seed {wildcards.seed:q} \
            --shard {params.shard:q} \
            --dtype {params.dtype:q} \
            --logits {output.logits:q} \
            --log {log:q}
        """


rule verify_logits:
    """Recompute random rows of every cache; one wrong cache fails the experiment."""
    input:
        code=code("verify_logits.py", network_modules("teacher")),
        logits=verified("logits"),
        teachers=verified("teacher"),
        inputs=verified("inputs"),
    output:
        csv=report(
            "<results>/tables/verification.csv",
            caption="../report/verification.rst",
            category="Tables",
            labels={"table": "verification"},
        ),
    log:
        "<logs>/verify_logits.log",
    benchmark:
        "<benchmarks>/verify_logits.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        own=own_content(network_modules("teacher")),
        networks=verified("network"),
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --logits {input.logits:q} \
            --teachers {input.teachers:q} \
            --inputs {input.inputs:q} \
            --networks {params.networks:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --csv {output.csv:q} \
            --log {log:q}
        """
