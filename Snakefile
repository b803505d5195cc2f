# distilshift: carry a model across a domain shift by knowledge distillation.
#
# dataset -> domain -> teacher -> adaptation -> logits -> student -> evaluation -> figures
#
#     snakemake --cores all                 every table and figure
#     snakemake --cores all figures         the figures alone
#     snakemake --cores all --configfile experiments/mine.yaml
from snakemake.utils import min_version

min_version("9.27")


# an experiment given by --configfile stands alone; anything less is laid over the default
if "transfers" not in config:

    configfile: "config.yaml"


include: "workflow/rules/common.smk"


pathvars:
    results=config["results"],
    logs=f"{config['results']}/logs",
    benchmarks=f"{config['results']}/benchmarks",


report: "workflow/report/workflow.rst"


wildcard_constraints:
    dataset="[a-z0-9_.-]+",
    domain=one_of(config["domains"]),
    source=one_of(config["domains"]),
    target=one_of(config["domains"]),
    network=one_of(config["networks"]),
    adaptation=one_of(config["adaptations"]),
    method=one_of(config["methods"]),
    round=r"\d+",
    shard=one_of(SHARDS),
    part=one_of(PARTS),
    seed=r"\d+",


include: "workflow/rules/data.smk"
include: "workflow/rules/teacher.smk"
include: "workflow/rules/logits.smk"
include: "workflow/rules/student.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/selection.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        rules.figures.input,
        rules.tables.input,


onstart:
    print(f"distilshift: {describe_experiment()}")
