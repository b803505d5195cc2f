# datasets and domains


rule download_dataset:
    """Fetch or unpack a dataset into canonical arrays and a manifest."""
    input:
        code=code("download_dataset.py", dataset_modules),
    output:
        inputs="<datasets>/{dataset}/inputs.safetensors",
        labels="<datasets>/{dataset}/labels.safetensors",
        manifest="<datasets>/{dataset}/manifest.json",
    log:
        "<logs>/datasets/{dataset}.log",
    benchmark:
        "<benchmarks>/datasets/{dataset}.tsv"
    retries: 2
    localrule: True  # where the network is: not sent to a cluster
    conda:
        "../../environment.yml"
    params:
        dataset=dataset_flags,
        listing=listing_flags,
        wanted=wanted_flags,
        archives=archive_flags,
    shell:
        """
        python {input.code[0]:q} \
            {params.dataset:q} \
            {params.listing:q} \
            {params.wanted:q} \
            {params.archives:q} \
            --inputs {output.inputs:q} \
            --labels {output.labels:q} \
            --manifest {output.manifest:q} \
            --log {log:q}
        """


rule construct_domain:
    """Common size and channels, the split, the shift; labels in files of their own."""
    input:
        code=code("construct_domain.py", shift_modules),
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
        python {input.code[0]:q} \
            --domain {wildcards.domain:q} \
            --dataset-inputs {input.inputs:q} \
            --dataset-labels {input.labels:q} \
            {params.input:q} \
            {params.classes:q} \
            {params.shift:q} \
            {params.split:q} \
            --train-inputs {output.train_inputs:q} \
            --train-labels {output.train_labels:q} \
            --test-inputs {output.test_inputs:q} \
            --test-labels {output.test_labels:q} \
            --log {log:q}
        """
