# sweeps: one domain a strength; one network, adaptation or method a setting
import itertools


def expand_sweeps():
    """Put a sweep's domains in its place, and transfers for each; ``domain=kind:strength``."""
    domains, swept, dials = {}, {}, {}
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
            dials[f"{name}-{strength}"] = f"{sweep['kind']}:{strength}"
    refuse(
        f"domains.{name}: is also the name of a point of a sweep; rename one"
        for name, count in Counter(sum(swept.values(), [])).items()
        if count > 1
    )
    config["domains"] = domains
    config["transfers"] = [
        {**transfer, "source": source, "target": target}
        for transfer in config["transfers"]
        for source in swept.get(transfer["source"], [transfer["source"]])
        for target in swept.get(transfer["target"], [transfer["target"]])
    ]
    # of targets alone: accuracy is measured there
    targets = {transfer["target"] for transfer in config["transfers"]}
    return [f"{name}={dial}" for name, dial in dials.items() if name in targets]


DIALS = expand_sweeps()


def points(name, tried, role=None):
    """(name, training) of every combination of the values that are tried of a training."""
    for values in itertools.product(*tried.values()):
        own, made = {}, name
        for setting, value in zip(tried, values):
            of, _, range = setting.rpartition(".")
            (own.setdefault(of, {}) if of else own)[range] = value
            text = value if isinstance(value, str) else json.dumps(value)
            made += f"-{role}" * bool(role) + f"-{setting}-{text}"
        yield made, own


def laid_over(given, own):
    """A training's own settings, and over them those that are tried."""
    ranges = {**given.get("augmentation", {}), **own.get("augmentation", {})}
    found = {**given, **own}
    return {**found, "augmentation": ranges} if ranges else found


def points_of(section, name, settings):
    """The names that a swept entry of a section becomes, and the settings of each."""
    left = {key: settings[key] for key in settings if key != "sweep"}
    if section != "networks":
        if section == "adaptations":
            left.setdefault("kind", name)
        given = left.get("training", {})
        return {
            made: {**left, "training": laid_over(given, own)}
            for made, own in points(name, settings["sweep"])
        }
    found = {name: left}
    for role, tried in settings["sweep"].items():
        found = {
            point: {
                **of,
                "training": {
                    **of.get("training", {}),
                    role: laid_over(of.get("training", {}).get(role, {}), own),
                },
            }
            for made, of in found.items()
            for point, own in points(made, tried, role)
        }
    return copy.deepcopy(found)


def expand_settings():
    """Put the points of sweeps over settings in their places; of each point what it is one of."""
    families = {}
    for section in ("networks", "adaptations", "methods"):
        made, named = {}, {}
        for name, settings in config[section].items():
            is_swept = "sweep" in settings
            own = points_of(section, name, settings) if is_swept else {name: settings}
            named[name] = list(own)
            made |= own
            if is_swept:
                families |= {(section, point): name for point in own}
        refuse(
            f"{section}.{name}: is also the name of a point of a sweep; rename one"
            for name, count in Counter(sum(named.values(), [])).items()
            if count > 1
        )
        wrong = re.compile(SCHEMA["$defs"]["name"]["pattern"])
        refuse(
            f"{section}: the point {name} of a sweep is no name; {SCHEMA['$defs']['name']['description']}"
            for name in made
            if not wrong.search(name) or len(name) > 100
        )
        config[section] = made
        # who names them
        others = {
            "networks": config["transfers"],
            "adaptations": [
                *config["networks"].values(),
                *config["methods"].values(),
            ],
        }
        for other in others.get(section, []):
            if section in other:
                other[section] = [point for n in other[section] for point in named[n]]
    criterion = config["requirement"]["criterion"]
    if families and criterion == "oracle_accuracy":
        refuse(
            [
                "requirement.criterion: got oracle_accuracy; a sweep over settings is judged"
                " without labels of the target"
            ]
        )
    if criterion == "teacher_first":
        refuse(
            f"requirement.criterion: got teacher_first; it ranks networks of one cell, and"
            f" networks.{name} is a sweep, of several; take another criterion"
            for (section, _), name in families.items()
            if section == "networks"
        )
    return families


# (section, point) -> the name that it is a point of
FAMILIES = expand_settings()
