# statistics: tables with intervals and tests, and their figures


rule tabulate_ladder:
    """The ladder as a table: means, intervals over seeds and samples, gap recovered."""
    input:
        code=code("tabulate_ladder.py"),
        metrics="<results>/metrics.parquet",
        predictions=of_cells("evaluation/predictions.parquet"),
    output:
        table="<results>/tables/ladder.parquet",
        csv=report(
            "<results>/tables/ladder.csv",
            caption="../report/ladder.rst",
            category="Tables",
            labels={"table": "ladder"},
        ),
        tex="<results>/tables/ladder.tex",
        numbers="<results>/tables/numbers.tex",
    log:
        "<logs>/tabulate_ladder.log",
    benchmark:
        "<benchmarks>/tabulate_ladder.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        shown=table_flags,
    shell:
        """
        python {input.code[0]:q} \
            --metrics {input.metrics:q} \
            --predictions {input.predictions:q} \
            --table {output.table:q} \
            --csv {output.csv:q} \
            --tex {output.tex:q} \
            --numbers {output.numbers:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule tabulate_statistics:
    """Rows against one another, what each step adds, classes, and what was transferred."""
    input:
        code=code("tabulate_statistics.py"),
        metrics="<results>/metrics.parquet",
        predictions=of_cells("evaluation/predictions.parquet"),
    output:
        comparisons=report(
            "<results>/tables/comparisons.csv",
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"table": "comparisons"},
        ),
        comparisons_tex="<results>/tables/comparisons.tex",
        decomposition=report(
            "<results>/tables/decomposition.csv",
            caption="../report/decomposition.rst",
            category="Tables",
            labels={"table": "decomposition"},
        ),
        decomposition_table="<results>/tables/decomposition.parquet",
        classes=report(
            "<results>/tables/classes.csv",
            caption="../report/classes.rst",
            category="Tables",
            labels={"table": "classes"},
        ),
        fidelity=report(
            "<results>/tables/fidelity.csv",
            caption="../report/fidelity.rst",
            category="Tables",
            labels={"table": "fidelity"},
        ),
    log:
        "<logs>/tabulate_statistics.log",
    benchmark:
        "<benchmarks>/tabulate_statistics.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        shown=table_flags,
    shell:
        """
        python {input.code[0]:q} \
            --metrics {input.metrics:q} \
            --predictions {input.predictions:q} \
            --comparisons {output.comparisons:q} \
            --comparisons-tex {output.comparisons_tex:q} \
            --decomposition {output.decomposition:q} \
            --decomposition-table {output.decomposition_table:q} \
            --classes {output.classes:q} \
            --fidelity {output.fidelity:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_decomposition:
    """What distillation, BatchNorm, adaptation, rounds and labels each add."""
    input:
        code=code("plot_decomposition.py"),
        table="<results>/tables/decomposition.parquet",
    output:
        report(
            multiext("<results>/figures/decomposition", ".pdf", ".svg", ".png"),
            caption="../report/decomposition.rst",
            category="Figures",
            labels={"figure": "5 decomposition"},
        ),
    log:
        "<logs>/plot_decomposition.log",
    benchmark:
        "<benchmarks>/plot_decomposition.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        shown=width_flags,
    shell:
        """
        python {input.code[0]:q} \
            --table {input.table:q} \
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_calibration:
    """Calibration on the target, by row."""
    input:
        code=code("plot_calibration.py"),
        metrics="<results>/metrics.parquet",
    output:
        csv=report(
            "<results>/tables/calibration.csv",
            caption="../report/calibration.rst",
            category="Tables",
            labels={"table": "calibration"},
        ),
        figures=report(
            multiext("<results>/figures/calibration", ".pdf", ".svg", ".png"),
            caption="../report/calibration.rst",
            category="Figures",
            labels={"figure": "6 calibration"},
        ),
    log:
        "<logs>/plot_calibration.log",
    benchmark:
        "<benchmarks>/plot_calibration.tsv"
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
            --csv {output.csv:q} \
            --figures {output.figures:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_ranks:
    """Mean ranks of the distilled rows that every cell has."""
    input:
        code=code("plot_ranks.py"),
        metrics="<results>/metrics.parquet",
    output:
        report(
            multiext("<results>/figures/ranks", ".pdf", ".svg", ".png"),
            caption="../report/ranks.rst",
            category="Figures",
            labels={"figure": "ranks"},
        ),
    log:
        "<logs>/plot_ranks.log",
    benchmark:
        "<benchmarks>/plot_ranks.tsv"
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
            --figures {output:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule plot_cost:
    """The headline on the target against what a network costs, as a table and a figure."""
    input:
        code=code("plot_cost.py"),
        table="<results>/tables/ladder.parquet",
        cost="<benchmarks>/cost.parquet",
    output:
        csv=report(
            "<results>/tables/cost.csv",
            caption="../report/cost.rst",
            category="Tables",
            labels={"table": "cost, of this machine"},
        ),
        figures=report(
            multiext("<results>/figures/cost", ".pdf", ".svg", ".png"),
            caption="../report/cost.rst",
            category="Figures",
            labels={"figure": "7 cost, of this machine"},
        ),
    log:
        "<logs>/plot_cost.log",
    benchmark:
        "<benchmarks>/plot_cost.tsv"
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
            --cost {input.cost:q} \
            --csv {output.csv:q} \
            --figures {output.figures:q} \
            {params.shown:q} \
            --log {log:q}
        """


rule write_cards:
    """A model card beside each student."""
    input:
        code=code("write_cards.py"),
        weights=every_student("weights.safetensors"),
        inputs=expand(
            "<results>/domains/{domain}/train_inputs.safetensors",
            domain=domains_in_use(),
        ),
        manifests=manifests(),
        metrics="<results>/metrics.parquet",
        table="<results>/tables/ladder.parquet",
        predictions=of_cells("evaluation/predictions.parquet"),
    output:
        cards=every_student("card.md"),
    log:
        "<logs>/write_cards.log",
    benchmark:
        "<benchmarks>/write_cards.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        networks=networks_of_students,
    shell:
        """
        python {input.code[0]:q} \
            --weights {input.weights:q} \
            --networks {params.networks:q} \
            --inputs {input.inputs:q} \
            --manifests {input.manifests:q} \
            --metrics {input.metrics:q} \
            --table {input.table:q} \
            --predictions {input.predictions:q} \
            --cards {output.cards:q} \
            --log {log:q}
        """
