# tables and figures, each from the tidy tables alone


rule figures:
    """Every figure, as PDF, SVG and PNG."""
    input:
        expand(
            "<results>/figures/{name}.{format}",
            name=[
                "ladder",
                "domains",
                "curves",
                "confusion",
                "calibration",
                "decomposition",
                "cost",
                *(["matrix"] if has_matrix() else []),
                *(["ranks"] if can_be_ranked() else []),
                *(["dial"] if DIALS else []),
                *(["rounds"] if config["rounds"] > 1 else []),
            ],
            format=["pdf", "svg", "png"],
        ),


rule tables:
    """Every table, the tidy tables beneath, and the students' cards."""
    input:
        "<results>/metrics.parquet",
        "<results>/tables/verification.csv",
        every_student("card.md"),
        expand(
            "<results>/tables/{file}",
            file=[
                "ladder.csv",
                "ladder.tex",
                "numbers.tex",
                "comparisons.csv",
                "comparisons.tex",
                "decomposition.csv",
                "classes.csv",
                "fidelity.csv",
                "calibration.csv",
                "cost.csv",
                "selection.csv",
                "validators.csv",
                *(["sweeps.csv"] if FAMILIES else []),
            ],
        ),


rule plot_ladder:
    """The headline on the target by row and transfer, every seed shown."""
    input:
        code=code("plot_ladder.py"),
        metrics="<results>/metrics.parquet",
        table="<results>/tables/ladder.parquet",
    output:
        report(
            multiext("<results>/figures/ladder", ".pdf", ".svg", ".png"),
            caption="../report/ladder.rst",
            category="Figures",
            labels={"figure": "1 ladder"},
        ),
    log:
        "<logs>/plot_ladder.log",
    benchmark:
        "<benchmarks>/plot_ladder.tsv"
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
            --metrics {input.metrics:q} \
            --table {input.table:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_domains:
    """Sample inputs of each transfer, source beside target."""
    input:
        code=code("plot_domains.py"),
        inputs=expand(
            "<results>/domains/{domain}/test_inputs.safetensors",
            domain=domains_in_use(),
        ),
        source_labels=shown_labels(),
    output:
        report(
            multiext("<results>/figures/domains", ".pdf", ".svg", ".png"),
            caption="../report/domains.rst",
            category="Figures",
            labels={"figure": "2 domains"},
        ),
    log:
        "<logs>/plot_domains.log",
    benchmark:
        "<benchmarks>/plot_domains.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        shown=width_flags,
        transfers=TRANSFERS,
        labels=lambda wildcards, input: flags(
            {"source_labels": input.source_labels or None}
        ),
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            {params.labels:q} \
            --transfers {params.transfers:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_curves:
    """How well each network fits its training signal, by step."""
    input:
        code=code("plot_curves.py"),
        history="<results>/history.parquet",
    output:
        report(
            multiext("<results>/figures/curves", ".pdf", ".svg", ".png"),
            caption="../report/curves.rst",
            category="Figures",
            labels={"figure": "3 learning curves"},
        ),
    log:
        "<logs>/plot_curves.log",
    benchmark:
        "<benchmarks>/plot_curves.tsv"
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
            --history {input.history:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_confusion:
    """Confusion on the target, source-only beside distilled."""
    input:
        code=code("plot_confusion.py"),
        confusion="<results>/confusion.parquet",
    output:
        report(
            multiext("<results>/figures/confusion", ".pdf", ".svg", ".png"),
            caption="../report/confusion.rst",
            category="Figures",
            labels={"figure": "4 confusion"},
        ),
    log:
        "<logs>/plot_confusion.log",
    benchmark:
        "<benchmarks>/plot_confusion.tsv"
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
            --confusion {input.confusion:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_dial:
    """Accuracy and gap recovered against the strength of a swept shift."""
    input:
        code=code("plot_dial.py"),
        metrics="<results>/metrics.parquet",
        table="<results>/tables/ladder.parquet",
    output:
        report(
            multiext("<results>/figures/dial", ".pdf", ".svg", ".png"),
            caption="../report/dial.rst",
            category="Figures",
            labels={"figure": "shift dial"},
        ),
    log:
        "<logs>/plot_dial.log",
    benchmark:
        "<benchmarks>/plot_dial.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        shown=figure_flags,
        targets=DIALS,
    shell:
        """
        python {input.code[0]:q} \
            --metrics {input.metrics:q} \
            --table {input.table:q} \
            --targets {params.targets:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_rounds:
    """The headline, entropy and class coverage by round."""
    input:
        code=code("plot_rounds.py"),
        metrics="<results>/metrics.parquet",
        validators=of_cells("validators.parquet"),
    output:
        report(
            multiext("<results>/figures/rounds", ".pdf", ".svg", ".png"),
            caption="../report/rounds.rst",
            category="Figures",
            labels={"figure": "rounds"},
        ),
    log:
        "<logs>/plot_rounds.log",
    benchmark:
        "<benchmarks>/plot_rounds.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        shown=measure_flags,
    shell:
        """
        python {input.code[0]:q} \
            --metrics {input.metrics:q} \
            --validators {input.validators:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_matrix:
    """The gap recovered by every adaptation under every distillation."""
    input:
        code=code("plot_matrix.py"),
        table="<results>/tables/ladder.parquet",
    output:
        report(
            multiext("<results>/figures/matrix", ".pdf", ".svg", ".png"),
            caption="../report/matrix.rst",
            category="Figures",
            labels={"figure": "matrix"},
        ),
    log:
        "<logs>/plot_matrix.log",
    benchmark:
        "<benchmarks>/plot_matrix.tsv"
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
            --table {input.table:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule gallery:
    """Every shift at five strengths, on a photograph: snakemake --cores 1 gallery."""
    input:
        multiext("<results>/figures/gallery", ".pdf", ".svg", ".png"),


rule plot_gallery:
    """Every shift at five strengths, on a photograph."""
    input:
        code=code("plot_gallery.py", shift_modules),
        inputs="<datasets>/sample-photos/inputs.safetensors",
    output:
        multiext("<results>/figures/gallery", ".pdf", ".svg", ".png"),
    log:
        "<logs>/plot_gallery.log",
    benchmark:
        "<benchmarks>/plot_gallery.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    shell:
        """
        python {input.code[0]:q} \
            --inputs {input.inputs:q} \
            --figures {output:q} \
            --log {log:q}
        """


rule explore:
    """A page to look around in the results: snakemake --cores all explore."""
    input:
        "<results>/explorer.html",


rule write_explorer:
    """Ladder, learning curves, and rows that networks err on, as one file without a network."""
    input:
        code=code("explore.py"),
        template=source("scripts/explore.html"),
        metrics="<results>/metrics.parquet",
        history="<results>/history.parquet",
        predictions=of_cells("evaluation/predictions.parquet"),
        inputs=expand(
            "<results>/domains/{domain}/test_inputs.safetensors", domain=TARGETS
        ),
    output:
        page="<results>/explorer.html",
    log:
        "<logs>/write_explorer.log",
    benchmark:
        "<benchmarks>/write_explorer.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        experiment=experiment,
        headline=config["headline"],
    shell:
        """
        python {input.code[0]:q} \
            --experiment {params.experiment:q} \
            --metrics {input.metrics:q} \
            --history {input.history:q} \
            --predictions {input.predictions:q} \
            --inputs {input.inputs:q} \
            --headline {params.headline:q} \
            --page {output.page:q} \
            --log {log:q}
        """
