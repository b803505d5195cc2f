# what was transferred: students beside two controls; snakemake --cores all transferred


rule transferred:
    """What students took over from their teachers, as a table and two figures."""
    input:
        "<results>/tables/transferred.csv",
        expand(
            "<results>/figures/{name}.{format}",
            name=["transferred", "attributions"],
            format=["pdf", "svg", "png"],
        ),


rule measure_transferred:
    """Hold students, teachers and controls of a transfer and network against one another.

    It reads the target's labels, as `evaluate` does, and nothing is made from it.
    """
    input:
        code=code("measure_transferred.py", network_modules("teacher", "student")),
        outputs=expand(
            "<results>/transfers/{{source}}-to-{{target}}/{{network}}/{part}/outputs.parquet",
            part=PARTS,
        ),
        inputs="<results>/domains/{target}/test_inputs.safetensors",
        target_test_features=features("target", "test"),
        labels="<results>/domains/{target}/test_labels.safetensors",
        weights=evaluated("weights.safetensors"),
    output:
        measures="<results>/transfers/{source}-to-{target}/{network}/evaluation/transferred.parquet",
        maps="<results>/transfers/{source}-to-{target}/{network}/evaluation/attributions.safetensors",
    log:
        "<logs>/transfers/{source}-to-{target}/{network}/transferred.log",
    benchmark:
        "<benchmarks>/transfers/{source}-to-{target}/{network}/transferred.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        own=own_content(network_modules("teacher", "student")),
        features=feature_flags,
        shifts=lambda wildcards: augmentation_flags("student", wildcards),
        device=device,
    shell:
        """
        python {input.code[0]:q} \
            --outputs {input.outputs:q} \
            --inputs {input.inputs:q} \
            {params.features:q} \
            --labels {input.labels:q} \
            --weights {input.weights:q} \
            {params.shifts:q} \
            --device {params.device:q} \
            --gpus {resources.gpu} \
            --threads {threads} \
            --measures {output.measures:q} \
            --maps {output.maps:q} \
            --log {log:q}
        """


rule plot_transferred:
    """Means over seeds and their intervals, and inputs with their gradients."""
    input:
        code=code("plot_transferred.py"),
        measures=of_cells("evaluation/transferred.parquet"),
        maps=of_cells("evaluation/attributions.safetensors"),
    output:
        csv=report(
            "<results>/tables/transferred.csv",
            caption="../report/transferred.rst",
            category="Tables",
            labels={"table": "transferred"},
        ),
        figures=report(
            multiext("<results>/figures/transferred", ".pdf", ".svg", ".png"),
            caption="../report/transferred.rst",
            category="Figures",
            labels={"figure": "transferred"},
        ),
        pictures=report(
            multiext("<results>/figures/attributions", ".pdf", ".svg", ".png"),
            caption="../report/attributions.rst",
            category="Figures",
            labels={"figure": "attributions"},
        ),
    log:
        "<logs>/plot_transferred.log",
    benchmark:
        "<benchmarks>/plot_transferred.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        shown=figure_flags,
    shell:
        """
        python {input.code[0]:q} \
            --measures {input.measures:q} \
            --maps {input.maps:q} \
            --csv {output.csv:q} \
            --figures {output.figures:q} \
            --pictures {output.pictures:q} \
            {params.shown:q} \
            --log {log:q}
        """
