# what an experiment comes to, looked at before the first job: what would fail in one, count
# something twice, or compute nothing
import math
import os
import re
from collections import Counter
from functools import cache
from itertools import combinations


def check_experiment():
    refuse(
        [
            *counted_twice(),
            *taught_by_the_target(),
            *without_an_oracle(),
            *without_subdomains(),
            *impossible_networks(),
            *without_a_pose(),
            *without_views(),
            *contradictions(),
            *nothing_to_learn(),
            *different_classes(),
            *kept_whole(),
            *without_a_value(),
            *seeds_to_compare(),
            *undefined_rows(),
            *unusable_places(),
        ]
    )
    if workflow.is_main_process and not IS_MODULE:
        idle = [f"{key} {', '.join(names)}" for key, names in unused().items() if names]
        if idle:
            logger.warning(f"config: nothing uses {'; '.join(idle)}")


def counted_twice():
    """A line for each cell, and each member of a combination, whose samples would count twice."""
    for (source, target, network), count in Counter(
        (transfer["source"], transfer["target"], network)
        for transfer in config["transfers"]
        for network in transfer["networks"]
    ).items():
        if count > 1:
            yield f"transfers: {source} to {target} with {network} stands there {count} times"
    for name in COMBINED:
        for transfer in config["transfers"]:
            for network in transfer["networks"]:
                if name not in adaptations(network):
                    continue
                own = {"source": transfer["source"], "network": network}
                of = [{**own, **member} for member in members_of(name)]
                for one, other in combinations(of, 2):
                    if one == other:
                        what = f"{one['adaptation']} from {one['source']}"
                        yield f"adaptations.{name}.of: {what} stands there twice"


def rows_of(name):
    """What says of a domain which rows it has, but for what thins its training half."""
    domain = unthinned(name)
    classes = known_classes(name) or domain.get("classes")
    return dataset_name(domain["from"]), classes, domain["shift"]


def taught_by_the_target():
    """A line for each source that is its target: its teacher would have learned from its labels.

    By its rows, not by its name: a domain may have two, and a thinned one is a part of another.
    """

    def line(key, source, target):
        is_it = (
            "is the target"
            if source == target
            else f"has the rows of the target {target}"
        )
        return f"{key}: {source} {is_it}, whose labels its teacher would know; take another source"

    for transfer in config["transfers"]:
        source, target = transfer["source"], transfer["target"]
        if rows_of(source) == rows_of(target):
            yield line(f"transfers.{source}-to-{target}", source, target)
        named = {a for network in transfer["networks"] for a in adaptations(network)}
        for name in filter(named.__contains__, COMBINED):
            for member in members_of(name):
                other = member.get("source", source)
                if other != source and rows_of(other) == rows_of(target):
                    yield line(f"adaptations.{name}.of", other, target)


def without_an_oracle():
    """A line for each thinned target whose whole, from which its oracle learns, is no domain."""
    for target in TARGETS:
        if whole(target) is None:
            thinning = " and ".join(literal("distilshift.data.shifts", "THINNING"))
            yield (
                f"domains.{target}: is thinned, and its oracle learns from all rows: name"
                f" a domain that is the same without {thinning}"
            )


def without_subdomains():
    """A line for each shift that chooses rows of a sub-domain, or thins sub-domains not there."""
    choosing = literal("distilshift.data.shifts", "ROW_SHIFTS")
    for name, domain in config["domains"].items():
        shifts = domain.get("shift", [])
        for shift in shifts:
            if shift["kind"] in choosing and "subdomain" in shift:
                yield (
                    f"domains.{name}.shift: {shift['kind']} chooses among all rows; leave out"
                    " its subdomain"
                )
        named = any(shift.get("subdomain") for shift in shifts)
        if not named and any(s["kind"] == "fewer_subdomains" for s in shifts):
            yield (
                f"domains.{name}: fewer_subdomains is to thin it, and none of its shifts has a"
                " subdomain of 1 or more"
            )


# what a criterion is at most, if there is such a value whatever the data: shares are 1
MOST = {
    "entropy": 0,
    **dict.fromkeys(["bnm", "class_cluster", "source_accuracy"], 1),
    **dict.fromkeys(["importance_weighted", "agreement", "seed_agreement"], 1),
    "oracle_accuracy": 1,
}


def without_a_value():
    """A line where a least value is asked of a criterion that has none, or never reaches it."""
    wanted = config["requirement"]
    if wanted["criterion"] == "teacher_first" and wanted["value"] is not None:
        yield (
            f"requirement.value: got {wanted['value']}; teacher_first compares networks of a seed"
            " and has no value to reach; leave it out"
        )
    most = MOST.get(wanted["criterion"], math.inf)
    if wanted["value"] is not None and wanted["value"] > most:
        yield (
            f"requirement.value: got {wanted['value']}; {wanted['criterion']} is {most} at most"
        )


def seeds_to_compare():
    """A line where networks of several seeds are to be compared and there is one."""
    if (
        config["requirement"]["criterion"] == "seed_agreement"
        and len(config["seeds"]) < 2
    ):
        yield (
            "requirement.criterion: seed_agreement compares networks of several seeds; seeds has"
            f" {config['seeds'][0]} alone: name another, or another criterion"
        )


def networks_in_use():
    named = [n for transfer in config["transfers"] for n in transfer["networks"]]
    return list(dict.fromkeys(named))


def networks_that_teach():
    """Those in use, and those that members of combinations are of."""
    of = [m for name in COMBINED for m in members_of(name) if "network" in m]
    return list(dict.fromkeys([*networks_in_use(), *(m["network"] for m in of)]))


def impossible_networks():
    """A line for each network that cannot be, or cannot learn as it is told to."""
    limits = what_else("limits")
    field = literal(f"{WING}.settings", "ADJUSTABLE")
    has_middle = "MIDDLE = " in read(place_of(f"{WING}.settings"))
    for name in config["networks"]:
        for role in ("teacher", "student"):
            key, model = f"networks.{name}.{role}", config["networks"][name][role]
            yield from without_a_file(key, STARTS[name, role].get("weights"))
            yield from of_other_channels(key, STARTS[name, role])
            model, neck, seen = model_parts(model)
            if seen and not field:
                yield f"{key}: got {model}@{seen}; {KIND} rows are seen as they are kept"
                continue
            side, of = sides(seen) or (0, 0)
            if seen and (not side or (side < of and not has_middle)):
                more = ", or the middle of rows, @224/256" if has_middle else ""
                yield f"{key}: got {model}@{seen}; allowed behind @: a whole number{more}"
                continue
            if is_own(model):
                yield from without_a_file(key, model.rpartition(":")[0])
            if is_own(model) or not limits:
                continue
            rows = {**config[KIND], **({field: side} if side else {})}
            wrong = limits["complaint"](model, **rows)
            if wrong:
                yield f"{key}: got {config['networks'][name][role]}; {wrong}"
                continue
            trained = [role] if role == "student" else ["teacher", *adapted(name)]
            for training in trained:
                batch = rows_a_step(training, name)
                if batch < (2 if neck else limits["fewest_rows"](model, **rows)):
                    yield (
                        f"training.{training}.batch: got {batch} row a step; {key} is"
                        f" {model}, whose BatchNorm needs 2 or more"
                    )
        model, neck, _ = model_parts(config["networks"][name]["teacher"])
        for adaptation in adaptations(name):
            kind = config["adaptations"][adaptation].get("kind", adaptation)
            known = limits["of"](model) if limits else {}
            needed = {
                "adabn": "BatchNorm",
                "tent": "layers that normalise",
                "naive-bayes": "a bag of parts, such as bag-64 of words,",
            }
            has = known.get("batchnorm", True) or bool(neck)
            has |= kind == "tent" and known.get("layernorm", False)
            if (
                kind == "naive-bayes"
            ):  # of a network of the user's own nothing is known here
                has = known.get("parts", is_own(model))
            if kind in needed and not has:
                others = [a for a in adaptations(name) if a != adaptation]
                yield (
                    f"networks.{name}: {adaptation} needs {needed[kind]} and {model} has none;"
                    f" give it adaptations: [{', '.join(others)}]"
                )


def without_a_file(key, given):
    """A line where a network's own file is not there."""
    if given and workflow.is_main_process and not Path(place(given)).is_file():
        yield f"{key}: there is no file {place(given)}; paths start where the workflow runs"


def of_other_channels(key, given):
    """A line for each number of a checkpoint's normalisation too many or too few."""
    channels = config[KIND].get("channels")
    for name in CHANNELS:
        count = len(given.get(name, []))
        if count and not channels:
            yield f"{key}.{name}: is for pictures; leave it out for {KIND} rows"
        elif count not in (0, 1, channels):
            allowed = f"1 or {channels}" if channels > 1 else "1"
            yield (
                f"{key}.{name}: got {count} values; image.channels is {channels};"
                f" allowed: {allowed}"
            )


def without_a_pose():
    """A line for each adaptation that looks for a pose where there is none to be found."""
    for network in filter(has_frozen_part, networks_that_teach()):
        for name in adaptations(network):
            if config["adaptations"][name].get("pose"):
                yield (
                    f"networks.{network}: {name} looks for a pose, and the features of"
                    f" {teacher_of(network)} are kept of rows as they are; leave pose out"
                )
    if not is_source(place_of(f"{WING}.registration")):
        for name, settings in config["adaptations"].items():
            if settings.get("pose"):
                yield f"adaptations.{name}.pose: {KIND} rows have no pose; leave it out"


def without_views():
    """A line for each training that asks for other views than those whose features are kept."""
    for name in filter(has_frozen_part, networks_that_teach()):
        for role in ("teacher", *adapted(name)):
            at = f"training.{role}.augmentation"
            given = trained_as(role, name)["augmentation"]
            # a crop of all of it is none
            asked = [f"{at}.{f}" for f in given if given[f] != (f == "crop")]
            own = config["networks"][name].get("training", {})
            for field, value in source_augmentation(name).items():
                if value:
                    place = f"networks.{name}." if field in own else ""
                    asked.append(f"{place}training.{field}")
            if asked:
                yield (
                    f"networks.{name}.teacher: {teacher_of(name)} has a frozen part, whose"
                    f" features are kept of plain rows alone; set to 0: {', '.join(asked)}"
                )


def adapted(network):
    """The training sections, beside its own, that a network's teacher is trained by."""
    kinds = {
        config["adaptations"][name].get("kind", name)
        for name in adaptations(network)
        if has_weights(name)
    }
    return ["adaptation"] if kinds - {"none", "adabn"} else []


def trainings(role, network):
    """Every way in which a network is trained in a role."""
    others = {
        "teacher": [],
        "adaptation": [config["adaptations"][a] for a in adaptations(network)],
        "student": [config["methods"][method] for _, method in students(network)],
    }[role]
    own = [other["training"] for other in others if "training" in other]
    return [trained_as(role, network, more) for more in [None, *own]]


def rows_a_step(role, network):
    """The fewest rows a step, of sets that may be told to be smaller than a batch."""
    batches = [given["batch"] for given in trainings(role, network)]
    ends = ("source",) if role == "teacher" else ("source", "target")
    left = [
        shift["strength"]
        for transfer in config["transfers"]
        for end in ends
        for shift in config["domains"][transfer[end]].get("shift", [])
        if shift["kind"] in literal("distilshift.data.shifts", "COUNTED")
    ]
    return min([*batches, *left, config["split"]["most_train"] or batches[0]])


def contradictions():
    """A line for each training whose settings cannot be meant together."""
    for name in networks_that_teach():
        for role in ("teacher", *adapted(name), "student"):
            key = f"training.{role}, as networks.{name} is trained"
            for given in trainings(role, name):
                if given["nesterov"] and not (
                    given["optimizer"] == "sgd" and given["momentum"]
                ):
                    yield f"{key}: nesterov is for optimizer: sgd with momentum"
                if given["warm_up"] and given["schedule"] == "one-cycle":
                    yield f"{key}: warm_up is given, and one-cycle has its own"
                if role == "student" and given["epochs"]:
                    yield f"{key}: epochs is for teachers and their adaptation; give steps"
                decay = (given["decay_scale"], given["decay_power"])
                if decay != (10, 0.75) and given["schedule"] != "inverse":
                    yield f"{key}: decay_scale and decay_power are for schedule: inverse"
    for name, method in config["methods"].items():
        if method["views"] == "replayed" and "augmentation" in method.get(
            "training", {}
        ):
            yield (
                f"methods.{name}.training.augmentation: replayed sees the views of the cache,"
                " those of training.student; set it there or for a network"
            )


def nothing_to_learn():
    """A line for each network without a student, and each method that distils none."""
    pairs = {name: students(name) for name in networks_in_use()}
    for name, found in pairs.items():
        if not found:
            yield (
                f"networks.{name}: no method distils its teachers ({', '.join(adaptations(name))});"
                " see adaptations of the network and of each of methods"
            )
    used = {method for found in pairs.values() for _, method in found}
    for method, settings in config["methods"].items():
        hopeless = list(cannot_be_distilled(method, settings))
        if not hopeless and method not in used and all(pairs.values()):
            yield f"methods.{method}: no network has a teacher that it can distil"
        yield from hopeless


def cannot_be_distilled(method, settings):
    """A line for each adaptation that a method names, and whose teachers it cannot distil."""
    for adaptation in settings.get("adaptations", []):
        key = f"methods.{method}.adaptations"
        if settings["views"] == "online" and not has_weights(adaptation):
            what = "a combination" if adaptation in COMBINED else "your own logits"
            yield f"{key}: {adaptation} is {what}; online asks a network"
        if settings["loss"] == "fitnet" and not has_weights(adaptation):
            yield f"{key}: {adaptation} has no features; fitnet wants those of a network"
        if settings["views"] == "replayed" and not has_views(adaptation):
            yield f"{key}: {adaptation} is of your own logits, without views to be replayed"


@cache
def known_classes(domain):
    """The classes of a domain, in order; None, as long as they are not known."""
    given = config["domains"][domain]
    return given.get("classes") or dataset_classes(given["from"])


def dataset_classes(given):
    """Of a dataset: by its manifest once it is made, before that if its name says them.

    The manifest of what lay there before is not asked: the dataset is to be made again, and
    what was wrong with it may be mended.
    """
    name, known = dataset_name(given), what_else("datasets.classes").get("CLASSES", {})
    manifest = made_datasets() / name / "manifest.json"
    try:
        made = json.loads(manifest.read_text(encoding="utf-8"))
        # a job's process need not look through the folder again
        if workflow.is_main_process and (made.get("listing") or "") == listing(name):
            return list(made["counts"])
    except (OSError, ValueError, KeyError):
        pass  # not made yet
    if isinstance(given, str):
        return known.get(re.sub("-c-.*", "-c", given))
    return folder_classes(given) if workflow.is_main_process else None


def made_datasets():
    """Where datasets lie once they are made."""
    return Path(place(config["datasets"] or f"{config['results']}/datasets"))


def different_classes():
    """A line for each transfer between other classes, and loss that wants more of them."""
    fewest = contents("distilshift.learning.losses")["FEWEST_CLASSES"]
    for name, domain in config["domains"].items():
        known = dataset_classes(domain["from"])
        for label in domain.get("classes", []):
            if known and label not in known:
                yield f"domains.{name}.classes: got {shown(label)}; {among(label, known)}"
    for transfer in config["transfers"]:
        ends = [transfer["source"], transfer["target"]]
        source, target = map(known_classes, ends)
        if source and target and source != target:
            said = [f"{end}: {listed(known_classes(end))}" for end in ends]
            # of many, what differs may not be among the first
            if max(len(source), len(target)) > FEW and set(source) & set(target):
                both = ((source, target), (target, source))
                for end, (one, other) in zip(ends, both):
                    alone = [label for label in one if label not in other]
                    said += [f"{end} alone has {listed(alone)}"] if alone else []
            yield (
                f"transfers: {' and '.join(ends)} must have the same classes in the same"
                f" order; got {'; '.join(said)}; domains.<name>.classes chooses them"
            )
            continue
        count = len(source or target or [])
        for network in transfer["networks"]:
            for _, method in students(network):
                loss = config["methods"][method]["loss"]
                needed = fewest.get(loss, 2)
                if 0 < count < needed:
                    yield (
                        f"methods.{method}.loss: {loss} needs {needed} classes or more;"
                        f" {transfer['target']} has {count}"
                    )


def kept_whole():
    """A line where a cache is to keep, or a budget to show, a part of each row that is all of it."""
    keep = config["logits"]["keep"]
    counts = [len(known_classes(target) or []) for target in TARGETS]
    fewest = min(filter(None, counts), default=0)
    if keep.startswith("top") and 0 < fewest <= int(keep.removeprefix("top")):
        yield f"logits.keep: {keep} of {fewest} classes is all of them; set all"
    for name, method in config["methods"].items():
        shown = method["budget"].removeprefix("top")
        if shown.isdecimal() and 0 < fewest <= int(shown):
            yield (
                f"methods.{name}.budget: {method['budget']} of {fewest} classes is all of them;"
                " set full"
            )


FEW = 5  # names that a line shows


def listed(classes):
    """Class names in one line, the first few."""
    more = f", ... ({len(classes)})" if len(classes) > FEW else ""
    return ", ".join(classes[:FEW]) + more


def unusable_places():
    """A line for each folder that cannot be what the config takes it for.

    A finished experiment stays finished: where a dataset is made, its folder may be gone.
    """
    stored = workflow.storage_settings.default_storage_provider
    if not workflow.is_main_process or stored:
        return  # another machine, or results that cannot be looked at
    results = Path(place(config["results"]))
    if results.exists() and not results.is_dir():
        yield f"results: {results} is no folder"
    made = {name for name in DATASETS if (made_datasets() / name).is_dir()}
    archives = Path(config["archive_dir"] or os.curdir)
    if archives.exists() and not archives.is_dir():
        yield f"archive_dir: {archives} is no folder"
    for name, domain in config["domains"].items():
        given = domain["from"]
        if isinstance(given, str):
            continue
        root = Path(folder_place(given))
        tables = contents(f"{WING}.datasets").get("TABLES", [])
        if root.is_file():
            if root.suffix.lower() not in tables:
                yield f"domains.{name}.from: {root} is a file, {not_read(tables)}"
            continue
        if root.suffix.lower() in tables and not root.exists():
            if dataset_name(given) not in made:
                yield (
                    f"domains.{name}.from: there is no file {root}; paths start where the"
                    " workflow runs"
                )
            continue
        for key, folder in (("results", results), ("datasets", made_datasets())):
            if folder.resolve().is_relative_to(root.resolve()):
                yield f"{key}: {folder} lies in {root}, whose folders are domains and classes"
                break
        if dataset_name(given) in made or folder_domain(given) in map(
            normal, visible(root)
        ):
            continue
        if not (root / folder_domain(given)).is_dir():
            known = sorted(path.name for path in visible(root) if path.is_dir())
            holds = f"{root} holds {listed(known) or 'no folder'}"
            holds = holds if root.is_dir() else f"there is no {root}"
            yield f"domains.{name}.from: no folder {root / folder_domain(given)}; {holds}"


def not_read(tables):
    """Why a file cannot stand for a folder, of a kind of data that reads those tables."""
    if not tables:
        return f"and {KIND} rows lie in folders, <domain>/<class>/*; give the folder"
    return f"and of {KIND} rows tables are read in the place of a folder: {', '.join(tables)}"


def normal(path):
    """A file's name in the one Unicode form that names are compared in."""
    return unicodedata.normalize("NFC", path.name)


def unused():
    """What the config names and no cell uses, by section."""
    named = {a for network in networks_in_use() for a in adaptations(network)}
    members = [m for a in named for m in members_of(a)]
    named |= {m["adaptation"] for m in members}
    used = {
        "domains": {m.get("source") for m in members} | set(domains_in_use()),
        "networks": networks_in_use() + [m.get("network") for m in members],
        "adaptations": named,
    }
    return {key: [n for n in config[key] if n not in used[key]] for key in used}


check_experiment()
