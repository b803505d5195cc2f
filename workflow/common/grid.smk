# the grid: transfers x networks x seeds, adaptations x methods
import json
import os

# each once, though its networks may be named apart
TRANSFERS = list(
    dict.fromkeys(f"{t['source']}-to-{t['target']}" for t in config["transfers"])
)

CELLS = [
    f"{t['source']}-to-{t['target']}/{network}"
    for t in config["transfers"]
    for network in t["networks"]
]

SHARDS = [
    f"{k}-of-{config['logits']['shards']}"
    for k in range(1, config["logits"]["shards"] + 1)
]

# of a cell's outputs: one file for what has seen no label of the target, one for what has
PARTS = ["label-free", "oracle"]


TARGETS = list(dict.fromkeys(t["target"] for t in config["transfers"]))


def unthinned(name):
    """What a domain is, but for what thins its training half."""
    thinning, domain = (
        literal("distilshift.data.shifts", "THINNING"),
        config["domains"][name],
    )
    shifts = [s for s in domain.get("shift", []) if s["kind"] not in thinning]
    return {**domain, "shift": shifts}


def whole(name):
    """The domain that a thinned one has its rows from; itself, if it is not; None without one.

    What is thinned is what teachers and students learn from without labels: the oracle of all
    rows is the end of the gap at every point of the dial.
    """
    wanted, domains = unthinned(name), config["domains"]
    is_it = (n for n in (name, *domains) if {"shift": [], **domains[n]} == wanted)
    return next(is_it, None)


def few_labels(target):
    """How many labels a class are tried of a target; none of a thinned one, whose rows are few."""
    return config["labels"] if whole(target) == target else []


def domains_in_use():
    """The domains of the transfers and of their oracles, each once, in order."""
    ends = [t[end] for t in config["transfers"] for end in ("source", "target")]
    return list(dict.fromkeys([*ends, *filter(None, map(whole, TARGETS))]))


def adaptations(network):
    """The adaptations of a network's teacher."""
    return config["networks"][network].get("adaptations", list(config["adaptations"]))


def what_else(module):
    """What a module defines that the wing of a kind of data may have; nothing, if it has none."""
    name = f"{WING}.{module}"
    return contents(name) if is_source(place_of(name)) else {}


def own_files(model):
    """The files of the user's own that a model is made from: a module, or an encoder's."""
    if is_own(model):
        return [place(bare(model).rpartition(":")[0])]
    limits = what_else("limits")
    return [place(file) for file in limits["files"](model)] if "files" in limits else []


def has_frozen_part(network):
    """Whether a network's teacher has a part that is never trained, and features to be kept."""
    limits = what_else("limits")
    return bool(limits and limits["of"](teacher_of(network)).get("frozen"))


def teacher_of(network):
    """The name of a network's teacher."""
    return config["networks"][network]["teacher"]


def has_weights(adaptation):
    """Whether a teacher is a network: not a combination, nor logits of the user's own."""
    return not {"combine", "logits"} & config["adaptations"][adaptation].keys()


COMBINED = [a for a in config["adaptations"] if "combine" in config["adaptations"][a]]

IMPORTED = [a for a in config["adaptations"] if "logits" in config["adaptations"][a]]


def members_of(adaptation):
    """What a teacher's cache is made of, in its own cell or as a member says; else itself."""
    of = config["adaptations"][adaptation].get("of", [adaptation])
    return [{"adaptation": m} if isinstance(m, str) else m for m in of]


def has_views(adaptation):
    """Whether a teacher's cache can hold views: not where it is of the user's own logits."""
    return not {m["adaptation"] for m in members_of(adaptation)} & set(IMPORTED)


def students(network):
    """The pairs of adaptation and method that a network's students are distilled by.

    Every pair that the method admits and that can be: online and fitnet want a teacher that is
    a network, replayed wants views of the cache, and logits of the user's own have none.
    """
    possible = {
        "fixed": lambda adaptation: True,
        "replayed": has_views,
        "online": has_weights,
    }
    return [
        (adaptation, method)
        for adaptation in adaptations(network)
        for method, settings in config["methods"].items()
        if possible[settings["views"]](adaptation)
        and (settings["loss"] != "fitnet" or has_weights(adaptation))
        and adaptation in settings.get("adaptations", [adaptation])
    ]


def has_matrix():
    """Whether some cell has students of two adaptations or more, and of two methods."""
    pairs = [students(cell.split("/")[1]) for cell in CELLS]
    return any(len({a for a, _ in of}) > 1 < len({m for _, m in of}) for of in pairs)


def can_be_ranked():
    """Whether there are two cells, and three distilled rows that every cell has."""
    shared = set.intersection(*(set(students(cell.split("/")[1])) for cell in CELLS))
    return len(CELLS) > 1 and len(shared) * config["rounds"] > 2


# of a config, what changes no measurement: where things lie, who computes, which round is
# chosen, which measure is the headline, how it is shown
APART = {
    *("experiment", "results", "datasets", "archive_dir"),
    *("device", "seeds_a_job", "requirement", "headline", "figures"),
}


def experiment(wildcards):
    """What the experiment is called: by the config, or as the folder of its results."""
    return config["experiment"] or os.path.basename(place(config["results"]))


SETTINGS = json.dumps(
    {
        **{key: value for key, value in config.items() if key not in APART},
        **checkpoints(),
    },
    sort_keys=True,
)


def describe_experiment():
    parts = (("transfer-network pair", CELLS), ("seed", config["seeds"]))
    pairs, seeds = (f"{len(of)} {noun}{'s' * (len(of) != 1)}" for noun, of in parts)
    return f"{pairs} x {seeds}, device {config['device']}"


def of_cells(file):
    """That file of every cell."""
    return expand("<results>/transfers/{cell}/{file}", cell=CELLS, file=file)
