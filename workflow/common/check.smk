# the config, checked before the first job
import copy
import sys

import jsonschema
import yaml

# filled in and expanded below; where this is a module, the dictionary is another workflow's
config = copy.deepcopy(config)
SCHEMA = fill_names(yaml.safe_load(read("workflow/schemas/config.schema.yaml")))


def check_config():
    """Refuse a config in one line a mistake: the key, what was given, what is allowed.

    Snakemake's own `validate` knows only the names in the committed schema.
    """
    checked = jsonschema.Draft202012Validator(SCHEMA)
    mistakes = [explain(error) for error in checked.iter_errors(config)]
    if not mistakes:
        fill = {"properties": fill_defaults}
        list(
            jsonschema.validators.extend(type(checked), fill)(SCHEMA).iter_errors(
                config
            )
        )
        mistakes = list(undefined_names())
    if mistakes:
        sys.exit("\n".join(f"config: {mistake}" for mistake in mistakes))


def fill_defaults(validator, properties, instance, schema):
    """Give a valid config what it leaves out, from the outside in."""
    if isinstance(instance, dict):
        for key, wanted in properties.items():
            if "default" in wanted:
                instance.setdefault(key, copy.deepcopy(wanted["default"]))
    check = jsonschema.Draft202012Validator.VALIDATORS["properties"]
    yield from check(validator, properties, instance, schema)


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
        file = brought(settings)["file"]
        try:
            file.format(**dict.fromkeys(PLACEHOLDERS, "x"))
        except (KeyError, IndexError, ValueError):
            allowed = " ".join(f"{{{key}}}" for key in PLACEHOLDERS)
            yield f"adaptations.{name}.logits: got {file}; allowed in braces: {allowed}"


PLACEHOLDERS = ("source", "target", "network", "seed")


def brought(settings):
    """The file of logits of an adaptation that is the user's own, and what it holds."""
    given = settings.get("logits", "")
    if isinstance(given, str):
        given = {"file": given}
    return {"as": "logits", **given}


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
