# what the rules of teacher.smk need
import re


def source_teacher_folder(network):
    """Where the teacher of a source lies, one for all networks that it is the same in."""
    return (
        f"<results>/teachers/{{source}}/{first_like('teacher', network)}/seed{{seed}}"
    )


def source_teachers(wildcards):
    """The weights of the teacher of the source, of each run of a job."""
    return of_runs(f"{source_teacher_folder(wildcards.network)}/weights.safetensors")


def teacher_folder(wildcards):
    """Where the teacher lies whose logits a student learns from."""
    if wildcards.adaptation == "none":
        return source_teacher_folder(wildcards.network)
    return "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher"


def teacher_weights(wildcards):
    return f"{teacher_folder(wildcards)}/weights.safetensors"


def teachers_of_runs(wildcards):
    """The weights of the teacher of each run of a job."""
    return of_runs(teacher_weights(wildcards))


def features(end, split):
    """An input function: what the frozen part of a teacher has made of a half of a domain."""

    def path(wildcards):
        is_student = wildcards.get("part") == "oracle"
        if is_student or not has_frozen_part(wildcards.network):
            return []
        domain, model = wildcards.get(end), teacher_of(wildcards.network)
        # the first network with that teacher, however it is trained
        network = next(n for n in config["networks"] if teacher_of(n) == model)
        return f"<results>/domains/{domain}/{network}/{split}_features.safetensors"

    return path


def source_features(wildcards):
    """The same of the labelled source, for joint adaptations alone."""
    if adaptation_settings(wildcards)["kind"] in SOURCE_FREE:
        return []
    return features("source", "train")(wildcards)


def feature_flags(wildcards, input):
    """Features as flags of a script, where they are inputs."""
    return flags(
        {key: path or None for key, path in input.items() if "features" in key}
    )


PACKAGE = "distilshift.learning.adaptations"
ADAPTATIONS, SOURCE_FREE, OPTIONS = (
    contents(PACKAGE)[name] for name in ("ADAPTATIONS", "SOURCE_FREE", "OPTIONS")
)


def adaptation_settings(wildcards):
    """An adaptation's kind (its name unless the config says), weight, and flags of the rest."""
    settings = config["adaptations"][wildcards.adaptation]
    kind = settings.get("kind", wildcards.adaptation)
    own = {name: settings[name] for name in OPTIONS if kind in OPTIONS[name]}
    strong = [f"{name}={value}" for name, value in settings.get("strong", {}).items()]
    return {
        "kind": kind,
        "weight": settings["weight"],
        "more": flags(
            {
                "pose": settings["pose"],
                "guard": settings["guard"],
                **own,
                "strong_augmentation": strong,
            }
        ),
    }


def labelled_source(file):
    """An input function: that file of the source, for joint adaptations alone."""

    def path(wildcards):
        if adaptation_settings(wildcards)["kind"] in SOURCE_FREE:
            return []
        return f"<results>/domains/{wildcards.source}/{file}"

    return path


def source_flags(wildcards, input):
    """The labelled source as flags of a script, where it is an input."""
    files = {key: input.get(key) for key in ("source_inputs", "source_labels")}
    return flags({key: path or None for key, path in files.items()})


def network_modules(*roles):
    """A function of wildcards: the modules of its network's teacher, student, or both."""

    def used(wildcards):
        named = (
            [wildcards.network] if "network" in wildcards.keys() else config["networks"]
        )
        package = f"{WING}.networks"
        known, others = (contents(package)[name] for name in ("NETWORKS", "OTHERS"))

        def other(family):
            """Who builds a network that is of no family of ours."""
            return next(others[begin] for begin in others if family.startswith(begin))

        models = [config["networks"][name][role] for name in named for role in roles]
        # what is frozen below a head has a module of its own
        frozen = re.compile(r"frozen-\d+\W")
        models += [frozen.sub("", m, 1) for m in models if frozen.match(m)]
        own = [file for model in models for file in own_files(model)]
        families = [re.split("[-@+]", m)[0] for m in models if not is_own(m)]
        entries = {family: known.get(family) or other(family) for family in families}
        return [*modules(package, entries, families), *own]

    return used


def adaptation_modules(wildcards):
    """The modules of a teacher, and of how it is adapted."""
    kind = adaptation_settings(wildcards)["kind"]
    return network_modules("teacher")(wildcards) + modules(PACKAGE, ADAPTATIONS, [kind])
