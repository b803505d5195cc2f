# what the rules of evaluation.smk need
def of_part(file, part, wildcards):
    """``file`` of every network of a part of a cell, seed by seed."""
    source, target, network = wildcards.source, wildcards.target, wildcards.network
    cell = f"<results>/transfers/{source}-to-{target}/{network}/seed{{seed}}"
    if part == "oracle":
        oracle = f"<results>/students/{whole(target)}/{first_like('student', network)}"
        folders = [f"{oracle}/seed{{seed}}"]
        for count in few_labels(target):
            folders.append(f"{oracle}/labels{count}/seed{{seed}}")
            folders += [
                f"{cell}/{name}/{method}/labels{count}"
                for name, method in students(network)
            ]
    else:
        adapted = [name for name in adaptations(network) if name != "none"]
        folders = [
            source_teacher_folder(network).replace("{source}", source),
            *(f"{cell}/{name}/teacher" for name in adapted if has_weights(name)),
            f"<results>/students/{source}/{first_like('student', network)}/seed{{seed}}",
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


def oracle_flags_of(wildcards):
    """The domain of the oracles, where the target is a part of it."""
    of = whole(wildcards.target)
    return flags({"oracle": None if of == wildcards.target else of})


def learned_rows(wildcards):
    """The source's training rows, among which test rows of the target may be; asked once a cell."""
    path = f"<results>/domains/{wildcards.source}/train_inputs.safetensors"
    return [] if wildcards.part == "oracle" else path


def predicted_weights(wildcards):
    return of_part("weights.safetensors", wildcards.part, wildcards)


def config_order(wildcards):
    """A parameter: a part's networks in the order of the config, which is that of all tables.

    Of inputs Snakemake compares which they are, not their order.
    """
    folders = of_part("", wildcards.part, wildcards)
    return [folder.removeprefix("<results>/") for folder in folders]


def evaluated(file):
    """An input function: ``file`` of every network of a cell, in the order of its outputs."""
    return lambda wildcards: [
        path for part in PARTS for path in of_part(file, part, wildcards)
    ]


# threads of a job that would measure its neighbours; `workflow.cores` stops what needs none,
# such as --report, where --cores is not given. A job sent to a cluster has one core there, and
# is called with all of its node's: more than it was granted
EVERY_CORE = 1 if workflow.remote_exec else workflow.resource_settings.cores or 1


def costed(what):
    """An input function: of each cell its network's teacher and student, or what is theirs.

    Cost hangs on no weight, so those of the first seed will do. It hangs on the source, which
    says how many classes a head has; the target has no part in it.
    """
    seed = config["seeds"][0]
    patterns = {
        "weights": f"<results>/{{role}}s/{{source}}/{{first}}/seed{seed}/weights.safetensors",
        "inputs": "<results>/domains/{source}/train_inputs.safetensors",
        "networks": "{network}",
        "transfers": "{source}-to-{target}",
    }
    found = [
        patterns[what].format(
            role=role,
            source=transfer["source"],
            target=transfer["target"],
            network=network,
            first=first_like(role, network),
        )
        for transfer in config["transfers"]
        for network in transfer["networks"]
        for role in ("teacher", "student")
    ]
    return lambda wildcards: found


def every_student(file):
    """That file of every distilled student of every cell and seed."""
    return [
        f"<results>/transfers/{cell}/seed{seed}/{adaptation}/{method}/round{round}/{file}"
        for cell in CELLS
        for seed in config["seeds"]
        for adaptation, method in students(cell.split("/")[1])
        for round in range(1, config["rounds"] + 1)
    ]


def networks_of_students(wildcards):
    """The name of the pair that each of these is of."""
    places = every_student("")
    return [path.split("/")[3] for path in places]


def manifests():
    """Of every dataset that the experiment's domains are made from."""
    names = [dataset_name(config["domains"][name]["from"]) for name in domains_in_use()]
    return [f"<datasets>/{name}/manifest.json" for name in dict.fromkeys(names)]
