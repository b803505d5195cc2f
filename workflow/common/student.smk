# what the rules of student.smk need


def round_of(wildcards):
    """A student's round; with few labels it learns from the teacher, in the first."""
    return int(wildcards.get("round", 1))


def cached_logits(wildcards):
    """Every file of the logit cache that a student learns from, run after run."""
    pattern = logits_of_round(round_of(wildcards))
    return [
        file
        for run in runs(wildcards)
        for file in expand(pattern, shard=SHARDS, **dict(run))
    ]


def labellers(wildcards):
    """What a student's cache must be of, run after run: teachers, later the student before."""
    if round_of(wildcards) > 1:
        return previous_students(wildcards)
    return [file for run in runs(wildcards) for file in teachers(run)]


def joint_source(file):
    """An input function: that file of the source, for students that learn from it too."""

    def path(wildcards):
        if config["methods"][wildcards.method]["source_weight"] == 0:
            return []
        return f"<results>/domains/{wildcards.source}/{file}"

    return path


def method_modules(wildcards):
    """The modules of a student, of its loss, and of the teacher where that is asked online."""
    method = config["methods"][wildcards.method]
    package = "distilshift.learning.losses"
    known = contents(package)
    losses = modules(package, {**known["LOSSES"], **known["METHODS"]}, [method["loss"]])
    roles = ("student", "teacher") if method["views"] == "online" else ("student",)
    return network_modules(*roles)(wildcards) + losses


def few_flags(wildcards, input):
    """How many target labels a class a student learns from, and where they are, as flags."""
    few = {"labels": input.get("few_labels"), "labels_a_class": wildcards.get("labels")}
    return flags(few)
