# what the rules of teacher.smk need


def teacher_folder(wildcards):
    """Where the teacher lies whose logits a student learns from."""
    if wildcards.adaptation == "none":
        return "<results>/teachers/{source}/{network}/seed{seed}"
    return "<results>/transfers/{source}-to-{target}/{network}/seed{seed}/{adaptation}/teacher"


def teacher_weights(wildcards):
    return f"{teacher_folder(wildcards)}/weights.safetensors"


# adaptations that do without the source's inputs and labels
SOURCE_FREE = {"adabn", "tent", "shot"}


def adaptation_settings(wildcards):
    """An adaptation's kind (its name unless the config says), weight, and flag for the pose."""
    settings = config["adaptations"][wildcards.adaptation]
    return {
        "kind": settings.get("kind", wildcards.adaptation),
        "weight": settings["weight"],
        "pose": flags({"pose": settings["pose"]}),
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
