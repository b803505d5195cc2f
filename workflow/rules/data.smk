# datasets and domains


# where the network is: not sent to a cluster
localrules:
    download_dataset,


rule download_dataset:
    """Fetch or unpack a dataset into canonical arrays and a manifest."""
    input:
        code=code("download_dataset.py"),
    output:
        inputs="<results>/datasets/{dataset}/inputs.safetensors",
        labels="<results>/datasets/{dataset}/labels.safetensors",
        manifest="<results>/datasets/{dataset}/manifest.json",
    log:
        "<logs>/datasets/{dataset}.log",
    benchmark:
        "<benchmarks>/datasets/{dataset}.tsv"
    retries: 2
    conda:
        "../../environment.yml"
    params:
        dataset=dataset_flags,
        listing=listing_flags,
        wanted=input_flags(),
        archive_dir=(
            f"--archive-dir {shlex.quote(config['archive_dir'])}"
            if config["archive_dir"]
            else ""
        ),
    shell:
        """
        python {input.code[0]} \
            {params.dataset} \
            {params.listing} \
            --data image \
            {params.wanted} \
            {params.archive_dir} \
            --inputs {output.inputs} \
            --labels {output.labels} \
            --manifest {output.manifest} \
            --log {log}
        """


rule construct_domain:
    """Common size and channels, the split, the shift; labels in files of their own."""
    input:
        code=code("construct_domain.py"),
        inputs=lambda wildcards: f"{dataset_of(wildcards)}/inputs.safetensors",
        labels=lambda wildcards: f"{dataset_of(wildcards)}/labels.safetensors",
    output:
        train_inputs="<results>/domains/{domain}/train_inputs.safetensors",
        train_labels="<results>/domains/{domain}/train_labels.safetensors",
        test_inputs="<results>/domains/{domain}/test_inputs.safetensors",
        test_labels="<results>/domains/{domain}/test_labels.safetensors",
    log:
        "<logs>/domains/{domain}.log",
    benchmark:
        "<benchmarks>/domains/{domain}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        input=input_flags(),
        classes=class_flags,
        split=split_flags(),
        shift=shift_flags,
    shell:
        """
        python {input.code[0]} \
            --domain {wildcards.domain} \
            --dataset-inputs {input.inputs} \
            --dataset-labels {input.labels} \
            --data image \
            {params.input} \
            {params.classes} \
            {params.shift} \
            {params.split} \
            --train-inputs {output.train_inputs} \
            --train-labels {output.train_labels} \
            --test-inputs {output.test_inputs} \
            --test-labels {output.test_labels} \
            --log {log}
        """
