# what the rules of logits.smk need
from itertools import product

from snakemake.iocontainers import Wildcards

# where a student lies; from round 2 on also the cache that it learns from
STUDENT = "{adaptation}/{method}/round{round}"


def of_logits(folder, ending, of="{adaptation}"):
    """The pattern of a logit cache's path, or of its log's: one file, or one a shard."""
    name = "logits" if config["logits"]["shards"] == 1 else "logits/{shard}"
    cell = "transfers/{source}-to-{target}/{network}/seed{seed}"
    return f"<{folder}>/{cell}/{of}/{name}{ending}"


def logits_of_round(round):
    """The pattern of the cache that a round's students learn from; the first is shared."""
    return of_logits("results", ".parquet", "{adaptation}" if round == 1 else STUDENT)


def previous_logits(wildcards):
    """Of each run's cache of the round before, the file or shard that is to be kept in part."""
    before = int(wildcards.round) - 1
    pattern = logits_of_round(before)
    return [pattern.format(**{**dict(run), "round": before}) for run in runs(wildcards)]


def previous_student(wildcards):
    """The weights of the round before."""
    before = {**dict(wildcards), "round": int(wildcards.round) - 1}
    cell = "<results>/transfers/{source}-to-{target}/{network}/seed{seed}"
    return f"{cell}/{STUDENT}/weights.safetensors".format(**before)


def previous_students(wildcards):
    """The weights of the round before, of each run of a job."""
    return [previous_student(run) for run in runs(wildcards)]


def shard(wildcards):
    """The shard that a job makes, as its script is told."""
    return wildcards.get("shard", SHARDS[0])


def view_flags(wildcards):
    """The views that a cache holds, as flags of cache_logits.py: those of its students."""
    views, told = config["logits"]["views"], []
    if config["logits"]["features"] and has_weights(wildcards.adaptation):
        told = flags({"keep_features": True})
    if views == 0 or not has_views(wildcards.adaptation):
        return told
    return flags({"views": views}) + augmentation_flags("student", wildcards) + told


def members(wildcards):
    """The cells whose caches a combination is made of; other teachers have but their own."""
    own, of = dict(wildcards), members_of(wildcards.adaptation)
    return [Wildcards(fromdict={**own, **member}) for member in of]


def member_logits(wildcards):
    """Of each member's cache the file, or the shard, that is to be combined."""
    pattern = of_logits("results", ".parquet")
    return [pattern.format(**dict(member)) for member in members(wildcards)]


def own_logits(wildcards):
    """The file of logits that the user brought for a cell; it lies here, in no bucket.

    It is looked for here, where a job asks for it, and not as the config is read: to write it
    a user has the target's inputs made, with the same config. Then one line names what is
    missing of all cells; Snakemake would say more of its rules than of the file.
    """
    if is_absent(wildcards):
        refuse(without_their_logits())
    return local(own_file(wildcards))


def own_file(cell):
    """Where the logits that the user brought for a cell lie."""
    given = brought(config["adaptations"][cell["adaptation"]])["file"]
    return place(given.format(**{key: cell[key] for key in PLACEHOLDERS}))


def is_absent(cell):
    """Whether that file is not there, and nothing that was made of it.

    A finished experiment stays finished: what was imported may be gone.
    """
    folder = "transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}"
    made = visible(Path(place(config["results"]), folder.format(**dict(cell))))
    stored = workflow.storage_settings.default_storage_provider  # then nobody can look
    return not (made or stored or Path(own_file(cell)).is_file())


def without_their_logits():
    """A line for each adaptation of the user's own logits of which a file is not there."""
    absent = {}
    for cell in caches():
        if cell["adaptation"] in IMPORTED and is_absent(cell):
            of = absent.setdefault(cell["adaptation"], {})
            of.setdefault(own_file(cell), cell["target"])
    for name, files in absent.items():
        (file, target), *others = files.items()
        more = f" ({len(files)} such)" if others else ""
        inputs = f"{place(config['results'])}/domains/{target}/train_inputs.safetensors"
        yield (
            f"adaptations.{name}.logits: there is no file {file}{more}; paths start where the"
            f" workflow runs; give a row for each of {inputs}"
        )


def teachers(wildcards):
    """What a first cache must be of: weights, or the user's file, of every member."""
    return [
        (
            teacher_weights(member).format(**dict(member))
            if has_weights(member.adaptation)
            else own_logits(member)
        )
        for member in members(wildcards)
    ]


def verified(what):
    """Logits, teacher, inputs or network of every first cache whose teacher is a network."""
    found = []
    for cell in first_caches():
        found += {
            "logits": expand(logits_of_round(1), shard=SHARDS, **cell),
            "teacher": teachers(Wildcards(fromdict=cell)),
            "inputs": [f"<results>/domains/{cell['target']}/train_inputs.safetensors"],
            "network": [cell["network"]],
        }[what]
    return found


def first_caches():
    """The cells of those that networks made."""
    return [cell for cell in caches() if has_weights(cell["adaptation"])]


def caches():
    """The cells of all first caches but combinations, whose members are among them, each once."""
    found = []
    for transfer in config["transfers"]:
        for network, seed in product(transfer["networks"], config["seeds"]):
            cell = {"source": transfer["source"], "target": transfer["target"]}
            cell |= {"network": network, "seed": seed}
            for adaptation in adaptations(network):
                for member in members_of(adaptation):
                    one = {**cell, **member}
                    if one not in found:
                        found.append(one)
    return found
