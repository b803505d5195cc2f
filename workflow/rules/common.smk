# Every function of the workflow; rules hold none. No torch or pandas here: on a cluster
# this file is read twice a job.
import ast
import re
import shlex
import sys
from itertools import product
from pathlib import Path

import jsonschema
import snakemake.benchmark
import yaml
from snakemake.iocontainers import Wildcards
from snakemake.utils import validate

# Snakemake reads the memory maps of each running job twice a second to benchmark it; with
# torch's many libraries mapped that took 105 of the default run's 890 CPU-seconds
snakemake.benchmark.BENCHMARK_INTERVAL_SHORT = 5.0


def one_of(names):
    """A wildcard constraint that admits exactly these names; nothing, if there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


# ---- what code a rule depends on ------------------------------------------------------


def code(script):
    """A script and every module of ours that it imports, directly or not.

    All are inputs of the rule, so an edit reruns what depends on it and nothing else;
    `local`, so that they are looked for here also where results lie in a bucket.
    """
    found, waiting = [], [Path("scripts") / script]
    while waiting:
        path = waiting.pop(0)
        if str(path) not in found:
            found.append(str(path))
            waiting += imported_modules(path)
    return [local(path) for path in found]


def imported_modules(path):
    """The files of the distilshift modules, and packages, that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module.split(".")[0] == "distilshift"
        ):
            names |= {node.module, *(f"{node.module}.{n.name}" for n in node.names)}
    names |= {
        name.rsplit(".", up)[0] for name in names for up in range(name.count("."))
    }
    files = set()
    for name in names:
        at = Path("scripts", *name.split("."))
        files |= {at.with_suffix(".py"), at / "__init__.py"}
    return sorted(file for file in files if file.is_file())


# ---- the config, checked before the first job -----------------------------------------

SCHEMA = yaml.safe_load(Path("workflow/schemas/config.schema.yaml").read_text())


def check_config():
    """Refuse a config in one line a mistake: the key, what was given, what is allowed.

    Snakemake's own `validate`, which runs next, fills in the defaults.
    """
    validator = jsonschema.Draft202012Validator(SCHEMA)
    mistakes = [explain(error) for error in validator.iter_errors(config)]
    if not mistakes:
        validate(config, "../schemas/config.schema.yaml")
        mistakes = list(undefined_names())
    if mistakes:
        sys.exit("\n".join(f"config: {mistake}" for mistake in mistakes))


def explain(error):
    """A schema violation as `key: given; allowed`."""
    key = ".".join(str(part) for part in error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        allowed = list(error.schema.get("properties", {}))
        unknown = [name for name in error.instance if name not in allowed]
        return f"{key}: unknown key {', '.join(unknown)}; allowed: {', '.join(allowed)}"
    if error.validator == "enum":
        allowed = ", ".join(str(value) for value in error.validator_value)
        return f"{key}: got {error.instance}; allowed: {allowed}"
    if (
        error.validator == "anyOf"
    ):  # name the choices, and describe those without a list
        ways = (
            way.get("enum", [way.get("description")]) for way in error.validator_value
        )
        return f"{key}: got {error.instance}; allowed: {', '.join(sum(ways, []))}"
    note = error.schema.get("description", "")
    return f"{key}: {error.message}" + (f" ({note})" if note else "")


def undefined_names():
    """A line for each name in the config that nothing defines: what a schema cannot see."""
    defined = {key: list(config[key]) for key in ("domains", "networks", "adaptations")}

    def unknown(key, name, kind):
        if name not in defined[kind]:
            yield f"{key}: {name} is not defined; allowed: {', '.join(defined[kind])}"

    for number, transfer in enumerate(config["transfers"]):
        key = f"transfers.{number}"
        for end in ("source", "target"):
            yield from unknown(f"{key}.{end}", transfer[end], "domains")
        if transfer["source"] == transfer["target"]:
            yield f"{key}: source and target are both {transfer['source']}"
        for network in transfer["networks"]:
            yield from unknown(f"{key}.networks", network, "networks")
    for name, network in config["networks"].items():
        for adaptation in network.get("adaptations", []):
            yield from unknown(
                f"networks.{name}.adaptations", adaptation, "adaptations"
            )
    for name, method in config["methods"].items():
        for adaptation in method.get("adaptations", []):
            yield from unknown(f"methods.{name}.adaptations", adaptation, "adaptations")
        if method["views"] == "replayed" and config["logits"]["views"] == 0:
            yield f"methods.{name}.views: replayed needs views in the caches; set logits.views"
        if method["views"] != "fixed" and method["loss"] == "dine":
            yield f"methods.{name}.views: got {method['views']}; dine keeps labels of plain inputs; allowed: fixed"
    kinds = SCHEMA["$defs"]["adaptation"]["properties"]["kind"]["enum"]
    for name, settings in config["adaptations"].items():
        ways = [key for key in ("kind", "combine", "logits") if key in settings]
        if name not in ("none", *kinds) and not ways:
            yield f"adaptations.{name}: has no kind; allowed: {', '.join(kinds)}"
        if len(ways) > (name != "none"):
            allowed = (
                "nothing, it is the source teacher" if name == "none" else "one of them"
            )
            yield f"adaptations.{name}: has {', '.join(ways)}; allowed: {allowed}"
        yield from unknown_members(name, settings, unknown)
        try:
            settings.get("logits", "").format(**dict.fromkeys(PLACEHOLDERS, "x"))
        except (KeyError, IndexError, ValueError):
            allowed = " ".join(f"{{{key}}}" for key in PLACEHOLDERS)
            yield f"adaptations.{name}.logits: got {settings['logits']}; allowed in braces: {allowed}"


PLACEHOLDERS = ("source", "target", "network", "seed")


def unknown_members(name, settings, unknown):
    """A line for each member of a combination that cannot be one."""
    key = f"adaptations.{name}.of"
    for member in settings.get("of", []):
        given = {"adaptation": member} if isinstance(member, str) else member
        yield from unknown(key, given["adaptation"], "adaptations")
        if "combine" in config["adaptations"].get(given["adaptation"], {}):
            yield f"{key}: {given['adaptation']} is a combination itself; name its members"
        if "source" not in given:
            continue
        yield from unknown(key, given["source"], "domains")
        for number, transfer in enumerate(config["transfers"]):
            # its teacher would have learned from the target's labels
            used = any(
                name in config["networks"].get(network, {}).get("adaptations", [name])
                for network in transfer["networks"]
            )
            if used and transfer["target"] == given["source"]:
                yield f"{key}: {given['source']} is the target of transfers.{number}"


check_config()

# ---- sweeps: one domain a strength ----------------------------------------------------


def expand_sweeps():
    """Put a sweep's domains in its place, and transfers for each; ``domain=kind:strength``."""
    domains, swept, dials = {}, {}, []
    for name, domain in config["domains"].items():
        sweep = domain.get("sweep")
        if sweep is None:
            domains[name], swept[name] = domain, [name]
            continue
        swept[name] = [f"{name}-{strength}" for strength in sweep["strengths"]]
        for strength in sweep["strengths"]:
            shift = {key: sweep[key] for key in ("kind", "seed") if key in sweep}
            made = {key: domain[key] for key in domain if key != "sweep"}
            made["shift"] = [*domain.get("shift", []), {**shift, "strength": strength}]
            domains[f"{name}-{strength}"] = made
            dials.append(f"{name}-{strength}={sweep['kind']}:{strength}")
    config["domains"] = domains
    config["transfers"] = [
        {**transfer, "source": source, "target": target}
        for transfer in config["transfers"]
        for source in swept.get(transfer["source"], [transfer["source"]])
        for target in swept.get(transfer["target"], [transfer["target"]])
    ]
    return dials


DIALS = expand_sweeps()

# ---- the grid -------------------------------------------------------------------------

TRANSFERS = [f"{t['source']}-to-{t['target']}" for t in config["transfers"]]
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


def domains_in_use():
    """The domains of the transfers, each once, in order."""
    ends = [t[end] for t in config["transfers"] for end in ("source", "target")]
    return list(dict.fromkeys(ends))


def adaptations(network):
    """The adaptations of a network's teacher."""
    return config["networks"][network].get("adaptations", list(config["adaptations"]))


def has_weights(adaptation):
    """Whether a teacher is a network: not a combination, nor logits of the user's own."""
    return not {"combine", "logits"} & config["adaptations"][adaptation].keys()


COMBINED = [a for a in config["adaptations"] if "combine" in config["adaptations"][a]]
IMPORTED = [a for a in config["adaptations"] if "logits" in config["adaptations"][a]]


def has_views(adaptation):
    """Whether a teacher's cache can hold views: not where it is of the user's own logits."""
    members = config["adaptations"][adaptation].get("of", [adaptation])
    names = [m if isinstance(m, str) else m["adaptation"] for m in members]
    return not set(names) & set(IMPORTED)


def students(network):
    """The pairs of adaptation and method that a network's students are distilled by.

    Every pair that the method admits and that can be: online wants a teacher that is a
    network, replayed wants views of the cache, and logits of the user's own have none.
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
        and adaptation in settings.get("adaptations", [adaptation])
    ]


def has_matrix():
    """Whether some cell has students of two adaptations or more, and of two methods."""
    pairs = [students(cell.split("/")[1]) for cell in CELLS]
    return any(len({a for a, _ in of}) > 1 < len({m for _, m in of}) for of in pairs)


def can_be_ranked():
    """Whether there are two cells, and three distilled rows that every cell has."""
    shared = set.intersection(*(set(students(cell.split("/")[1])) for cell in CELLS))
    return len(CELLS) > 1 and len(shared) > 2


def describe_experiment():
    cells, seeds = len(CELLS), len(config["seeds"])
    return f"{cells} transfer-network pairs x {seeds} seeds, device {config['device']}"


def of_cells(file):
    """That file of every cell."""
    return expand("<results>/transfers/{cell}/{file}", cell=CELLS, file=file)


# ---- inputs that depend on wildcards --------------------------------------------------


def teacher_folder(wildcards):
    """Where the teacher lies whose logits a student learns from."""
    if wildcards.adaptation == "none":
        return "<results>/teachers/{source}/{network}/seed{seed}"
    return "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher"


def of_logits(folder, ending, of="{adaptation}"):
    """The pattern of a logit cache's path, or of its log's: one file, or one a shard."""
    name = "logits" if config["logits"]["shards"] == 1 else "logits/{shard}"
    cell = "transfers/{source}-to-{target}/{network}/seed{seed}"
    return f"<{folder}>/{cell}/{of}/{name}{ending}"


# where a student lies; from round 2 on also the cache that it learns from
STUDENT = "{adaptation}/{method}/round{round}"


def logits_of_round(round):
    """The pattern of the cache that a round's students learn from; the first is shared."""
    return of_logits("results", ".parquet", "{adaptation}" if round == 1 else STUDENT)


def cached_logits(wildcards):
    """Every file of the logit cache that a student learns from."""
    pattern = logits_of_round(int(wildcards.round))
    return expand(pattern, shard=SHARDS, **dict(wildcards))


def previous_logits(wildcards):
    """Of the cache of the round before, the file or the shard that is to be kept in part."""
    before = int(wildcards.round) - 1
    return logits_of_round(before).format(**{**dict(wildcards), "round": before})


def previous_student(wildcards):
    """The weights of the round before."""
    before = {**dict(wildcards), "round": int(wildcards.round) - 1}
    cell = "<results>/transfers/{source}-to-{target}/{network}/seed{seed}"
    return f"{cell}/{STUDENT}/weights.safetensors".format(**before)


def labellers(wildcards):
    """What a student's cache must be of: its teachers, later the student before."""
    if int(wildcards.round) == 1:
        return teachers(wildcards)
    return [previous_student(wildcards)]


def shard(wildcards):
    """The shard that a job makes, as its script is told."""
    return wildcards.get("shard", SHARDS[0])


def view_flags(wildcards):
    """The views that a cache holds, as flags of cache_logits.py: those of its students."""
    views, drawn = config["logits"]["views"], config["training"]["student"]
    if views == 0 or not has_views(wildcards.adaptation):
        return ""
    flags = [f"--views {views} --seed {wildcards.seed}"]
    flags += [f"--{name} {value}" for name, value in drawn["augmentation"].items()]
    return " ".join(flags)


def teacher_weights(wildcards):
    return f"{teacher_folder(wildcards)}/weights.safetensors"


def members(wildcards):
    """The cells whose caches a combination is made of; other teachers have but their own."""
    of = config["adaptations"][wildcards.adaptation].get("of", [wildcards.adaptation])
    named = [{"adaptation": m} if isinstance(m, str) else m for m in of]
    return [Wildcards(fromdict={**dict(wildcards), **member}) for member in named]


def member_logits(wildcards):
    """Of each member's cache the file, or the shard, that is to be combined."""
    pattern = of_logits("results", ".parquet")
    return [pattern.format(**dict(member)) for member in members(wildcards)]


def own_logits(wildcards):
    """The file of logits that the user brought for a cell; it lies here, in no bucket."""
    given = config["adaptations"][wildcards.adaptation]["logits"]
    return local(given.format(**dict(wildcards)))


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
    for transfer in config["transfers"]:
        for network, seed in product(transfer["networks"], config["seeds"]):
            for adaptation in filter(has_weights, adaptations(network)):
                cell = {"source": transfer["source"], "target": transfer["target"]}
                cell |= {"network": network, "seed": seed, "adaptation": adaptation}
                found += {
                    "logits": expand(logits_of_round(1), shard=SHARDS, **cell),
                    "teacher": teachers(Wildcards(fromdict=cell)),
                    "inputs": [
                        f"<results>/domains/{cell['target']}/train_inputs.safetensors"
                    ],
                    "network": [network],
                }[what]
    return found


# adaptations that do without the source's inputs and labels
SOURCE_FREE = {"adabn", "tent", "shot"}


def adaptation_settings(wildcards):
    """An adaptation's kind (its name unless the config says), weight, and flag for the pose."""
    settings = config["adaptations"][wildcards.adaptation]
    return {
        "kind": settings.get("kind", wildcards.adaptation),
        "weight": settings["weight"],
        "pose": "--pose" if settings["pose"] else "",
    }


def labelled_source(file):
    """An input function: that file of the source, for joint adaptations alone."""

    def path(wildcards):
        if adaptation_settings(wildcards)["kind"] in SOURCE_FREE:
            return []
        return f"<results>/domains/{wildcards.source}/{file}"

    return path


def joint_source(file):
    """An input function: that file of the source, for students that learn from it too."""

    def path(wildcards):
        if config["methods"][wildcards.method]["source_weight"] == 0:
            return []
        return f"<results>/domains/{wildcards.source}/{file}"

    return path


def source_flags(wildcards, input):
    """The labelled source as flags of a script, where it is an input."""
    if not input.source_inputs:
        return ""
    return (
        f"--source-inputs {input.source_inputs} --source-labels {input.source_labels}"
    )


def of_part(file, part, wildcards):
    """``file`` of every network of a part of a cell, seed by seed."""
    source, target, network = wildcards.source, wildcards.target, wildcards.network
    if part == "oracle":
        folders = [f"<results>/students/{target}/{network}/seed{{seed}}"]
    else:
        cell = f"<results>/transfers/{source}-to-{target}/{network}/seed{{seed}}"
        adapted = [name for name in adaptations(network) if name != "none"]
        folders = [
            f"<results>/teachers/{source}/{network}/seed{{seed}}",
            *(f"{cell}/{name}/teacher" for name in adapted if has_weights(name)),
            f"<results>/students/{source}/{network}/seed{{seed}}",
            *(
                f"{cell}/{name}/{method}/round{round}"
                for name, method in students(network)
                for round in range(1, config["rounds"] + 1)
            ),
        ]
    return [
        f"{folder.format(seed=seed)}/{file}"
        for seed in config["seeds"]
        for folder in folders
    ]


def predicted_weights(wildcards):
    return of_part("weights.safetensors", wildcards.part, wildcards)


def evaluated(file):
    """An input function: ``file`` of every network of a cell, in the order of its outputs."""
    return lambda wildcards: [
        path for part in PARTS for path in of_part(file, part, wildcards)
    ]


ORACLE = "oracle_accuracy"  # the one criterion that needs the target's labels


def oracle_metrics():
    """The tidy metrics, for a selection by the oracle alone."""
    is_asked = config["requirement"]["criterion"] == ORACLE
    return ["<results>/metrics.parquet"] if is_asked else []


def requirement_flags():
    """What a chosen round must meet, as flags of select_round.py."""
    wanted = config["requirement"]
    flags = [f"--criterion {wanted['criterion']}"]
    if wanted["value"] is not None:
        flags.append(f"--requirement {wanted['value']}")
    return " ".join(flags)


def oracle_flags(wildcards, input):
    """The tidy metrics as a flag, where they are an input.

    Apart from the requirement: what is derived from inputs is no parameter whose change
    Snakemake would see.
    """
    return f"--metrics {input.metrics}" if input.metrics else ""


def shift_flags(wildcards):
    """A domain's shifts as flags of construct_domain.py."""
    flags = []
    for shift in config["domains"][wildcards.domain].get("shift", []):
        values = ",".join(
            f"{key}={value}" for key, value in shift.items() if key != "kind"
        )
        flags.append(f"--shift {shift['kind']}:{values}")
    return " ".join(flags)


def class_flags(wildcards):
    """The classes that a domain keeps, as a flag of construct_domain.py."""
    classes = config["domains"][wildcards.domain].get("classes")
    return f"--classes {shlex.join(classes)}" if classes else ""


def split_flags():
    """How domains are split, as flags of construct_domain.py."""
    flags = [
        f"--train-fraction {config['split']['train_fraction']}",
        f"--split-seed {config['split']['seed']}",
    ]
    for half in ("train", "test"):
        if config["split"][f"most_{half}"]:
            flags.append(f"--most-{half} {config['split'][f'most_{half}']}")
    return " ".join(flags)


def dataset_name(given):
    """What a dataset is called in paths; a folder of pictures after its place."""
    if isinstance(given, str):
        return given
    return re.sub(
        "[^a-z0-9]+", "-", f"folder-{given['folder']}-{given['domain']}".lower()
    )


DATASETS = {dataset_name(d["from"]): d["from"] for d in config["domains"].values()}


def dataset_of(wildcards):
    """The folder of the dataset that a domain is made from."""
    return f"<results>/datasets/{dataset_name(config['domains'][wildcards.domain]['from'])}"


def dataset_flags(wildcards):
    """What download_dataset.py is to fetch or unpack."""
    given = DATASETS.get(wildcards.dataset, wildcards.dataset)
    if isinstance(given, str):
        return f"--dataset {given}"
    folder, domain = shlex.quote(given["folder"]), shlex.quote(given["domain"])
    return f"--folder {folder} --folder-domain {domain}"


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
