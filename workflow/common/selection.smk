# what the rules of selection.smk need

ORACLE = "oracle_accuracy"  # the one criterion that needs the target's labels


def unadapted_teachers(wildcards):
    """The weights of the source's teacher of every seed."""
    folder = source_teacher_folder(wildcards.network)
    return [
        f"{folder}/weights.safetensors".format(source=wildcards.source, seed=seed)
        for seed in config["seeds"]
    ]


def oracle_metrics():
    """The tidy metrics, for a selection by the oracle alone."""
    is_asked = config["requirement"]["criterion"] == ORACLE
    return ["<results>/metrics.parquet"] if is_asked else []


def requirement_flags():
    """What a chosen round must meet, as flags of select_round.py."""
    wanted = config["requirement"]
    return flags({"criterion": wanted["criterion"], "requirement": wanted["value"]})


def oracle_flags(wildcards, input):
    """The tidy metrics as a flag, where they are an input.

    Apart from the requirement: what is derived from inputs is no parameter whose change
    Snakemake would see.
    """
    return flags({"metrics": list(input.get("metrics", []))})


def family_flags():
    """Which names are points of a sweep over settings, as flags of select_settings.py."""
    found = {"networks": [], "adaptations": [], "methods": []}
    for (section, point), name in FAMILIES.items():
        found[section].append(f"{point}={name}")
    return flags({key.removesuffix("s"): value for key, value in found.items()})
