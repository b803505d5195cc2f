# the runs of a job: one seed, or every seed where starting a process costs as much as a run
from snakemake.iocontainers import Wildcards

TOGETHER = config["seeds_a_job"] == "all"


def of_job(pattern):
    """The pattern of a job's log or benchmark, which knows no seed where it has all."""
    return pattern.replace("seed{seed}", "seeds") if TOGETHER else pattern


def of_runs(pattern):
    """The files of a job's runs: a pattern with ``{seed}``, or those of all seeds in order."""
    if not TOGETHER:
        return pattern
    return [pattern.replace("{seed}", str(seed)) for seed in config["seeds"]]


def runs(wildcards):
    """The wildcards of each run of a job, its seed among them."""
    seeds = config["seeds"] if TOGETHER else [wildcards.seed]
    return [Wildcards(fromdict={**dict(wildcards), "seed": seed}) for seed in seeds]


def seeds(wildcards):
    """The seeds of a job's runs."""
    return [run.seed for run in runs(wildcards)]


def states(wildcards, output):
    """Where a job's runs keep what they need to go on after a kill: beside their weights."""
    # of all outputs, since `output.weights` is a text where a job has one run
    return [f"{path}.state" for path in output if path.endswith("weights.safetensors")]


def hour_a_run(wildcards, attempt):
    """Minutes: an hour for each run of a job."""
    return 60 * len(runs(wildcards)) * attempt
