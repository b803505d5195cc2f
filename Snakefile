# distilshift: carry a model across a domain shift by knowledge distillation.
#
#     snakemake --cores all                 every table and figure
#     snakemake --cores all figures         the figures alone
#     snakemake --cores all --configfile experiments/mine.yaml
include: "workflow/Snakefile"


rule everything:
    """Every table and figure: `all`, which as part of an include is no default."""
    default_target: True
    input:
        rules.all.input,
