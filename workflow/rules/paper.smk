# the paper: from the published tables, in seconds; snakemake --cores all paper

# benchmarks apart from those of the experiment, whose seconds are published
PAPER_FIGURES = ["ladder", "decomposition", "matrix", "dial"]


rule paper:
    """The paper as PDF, and its numbers, tables and figures for LaTeX."""
    input:
        "<results>/paper.pdf",
        "<results>/paper/latex",


rule join_tables:
    """Numbers, tables and provenance of the published tables, held against their hashes."""
    input:
        code=code("join_tables.py"),
        tables=published_tables,
        list=source("docs/tables.toml"),
        record=source("docs/tables.json"),
    output:
        content="<results>/paper/content.json",
        latex=directory("<results>/paper/latex"),
        drawn=expand(
            "<results>/paper/tables/{name}.parquet",
            name=["ladder", "ladder-runs", "decomposition", "methods"]
            + ["dial", "dial-places"],
        ),
    log:
        "<logs>/join_tables.log",
    benchmark:
        "<results>/paper/benchmarks/join_tables.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    shell:
        """
        python {input.code[0]:q} \
            --tables {input.tables:q} \
            --list {input.list:q} \
            --record {input.record:q} \
            --content {output.content:q} \
            --latex {output.latex:q} \
            --drawn {output.drawn:q} \
            --log {log:q}
        """


use rule plot_ladder as plot_paper_ladder with:
    input:
        code=code("plot_ladder.py"),
        metrics="<results>/paper/tables/ladder-runs.parquet",
        table="<results>/paper/tables/ladder.parquet",
    output:
        multiext("<results>/paper/figures/ladder", ".pdf", ".svg"),
    log:
        "<logs>/plot_paper_ladder.log",
    benchmark:
        "<results>/paper/benchmarks/plot_paper_ladder.tsv"
    params:
        shown=page_flags,


use rule plot_decomposition as plot_paper_decomposition with:
    input:
        code=code("plot_decomposition.py"),
        table="<results>/paper/tables/decomposition.parquet",
    output:
        multiext("<results>/paper/figures/decomposition", ".pdf", ".svg"),
    log:
        "<logs>/plot_paper_decomposition.log",
    benchmark:
        "<results>/paper/benchmarks/plot_paper_decomposition.tsv"
    params:
        shown=page_flags,


use rule plot_matrix as plot_paper_matrix with:
    input:
        code=code("plot_matrix.py"),
        table="<results>/paper/tables/methods.parquet",
    output:
        multiext("<results>/paper/figures/matrix", ".pdf", ".svg"),
    log:
        "<logs>/plot_paper_matrix.log",
    benchmark:
        "<results>/paper/benchmarks/plot_paper_matrix.tsv"
    params:
        shown=page_flags,


use rule plot_dial as plot_paper_dial with:
    input:
        code=code("plot_dial.py"),
        metrics="<results>/paper/tables/dial-places.parquet",
        table="<results>/paper/tables/dial.parquet",
    output:
        multiext("<results>/paper/figures/dial", ".pdf", ".svg"),
    log:
        "<logs>/plot_paper_dial.log",
    benchmark:
        "<results>/paper/benchmarks/plot_paper_dial.tsv"
    params:
        shown=page_flags,
        targets=dial_targets,


rule typeset_paper:
    """The paper as PDF, and each page as a picture to look at."""
    input:
        code=code("typeset_paper.py"),
        paper=source("paper/paper.typ"),
        beside=[source("paper/style.typ"), source("paper/references.bib")],
        content="<results>/paper/content.json",
        figures=expand("<results>/paper/figures/{name}.svg", name=PAPER_FIGURES),
    output:
        pdf="<results>/paper.pdf",
        pages=directory("<results>/paper/pages"),
    log:
        "<logs>/typeset_paper.log",
    benchmark:
        "<results>/paper/benchmarks/typeset_paper.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    shell:
        """
        python {input.code[0]:q} \
            --paper {input.paper:q} \
            --with {input.beside:q} {input.content:q} {input.figures:q} \
            --pdf {output.pdf:q} \
            --png {output.pages:q} \
            --log {log:q}
        """
