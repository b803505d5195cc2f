# what jobs of many rules need: resources, and settings as flags
import re

import snakemake.benchmark

# Snakemake reads the memory maps of each running job twice a second to benchmark it; with
# torch's many libraries mapped that took 105 of the default run's 890 CPU-seconds
snakemake.benchmark.BENCHMARK_INTERVAL_SHORT = 5.0


def one_of(names):
    """A wildcard constraint that admits exactly these names; nothing, if there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def growing(amount):
    """A resource that grows with each attempt; the retries belong in the profile."""
    return lambda wildcards, attempt: amount * attempt


def device(wildcards, resources):
    """The device to compute on.

    It asks for ``resources`` because Snakemake holds no such parameter against a result:
    another device is no reason to make everything again.
    """
    return config["device"]


def compute_flags(role):
    """How a network computes: precision, memory format, compiled or not."""
    given = config["training"][role]
    flags = [f"--precision {given['precision']}"]
    flags += ["--channels-last"] * given["channels_last"] + ["--compile"] * given[
        "compile"
    ]
    return " ".join(flags)


def augmentation_flags(role):
    """The ranges that a role's views are drawn from, named by the kind of data."""
    ranges = config["training"][role]["augmentation"]
    return " ".join(f"--augmentation {name}={value}" for name, value in ranges.items())


def input_flags():
    """What every row of a domain becomes, named by the kind of data."""
    return " ".join(
        f"--input {name}={value}" for name, value in config["image"].items()
    )
