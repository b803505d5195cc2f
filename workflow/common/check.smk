# the config, checked before the first job: its form, and that what it names is defined;
# mistakes.smk looks at what the experiment comes to
import copy
import datetime
import difflib
import json
import math
import re
import sys
import unicodedata
from collections import Counter

import jsonschema
import yaml

# filled in and expanded below; where this is a module, the dictionary is another workflow's
config = copy.deepcopy(config)
# whether it is one: then the command line and the config files are of the other
IS_MODULE = len(workflow.modifier_stack) > 1
SCHEMA = fill_names(yaml.safe_load(read("workflow/schemas/config.schema.yaml")))


def refuse(mistakes):
    """End here, where there are mistakes: one line each, as `key: given; allowed`."""
    mistakes = list(dict.fromkeys(mistakes))
    if mistakes:
        sys.exit("\n".join(f"config: {mistake}" for mistake in mistakes))


def check_config():
    """Refuse a config in one line a mistake: the key, what was given, what is allowed.

    The defaults are filled in on the way.
    """
    refuse(written_twice())
    refuse(several_kinds())
    refuse(unusable(config, ()))
    read_command_line()
    name_losses()
    spell_classes()
    idle = [*idle_settings(), *idle_of_methods()]
    refuse(explain(error) for error in VALIDATOR.iter_errors(config))
    refuse([*idle, *undefined_names()])


def name_losses():
    """Let a method that is named as a loss have that loss, as an adaptation its kind."""
    methods = config.get("methods")
    losses = contents("distilshift.learning.losses")["NAMES"]
    for name, method in methods.items() if isinstance(methods, dict) else ():
        if name in losses and isinstance(method, dict):
            method.setdefault("loss", name)


def spell_classes():
    """Give the classes of a domain the one spelling that datasets have: an é is one letter."""
    domains = config.get("domains")
    for domain in domains.values() if isinstance(domains, dict) else ():
        classes = domain.get("classes") if isinstance(domain, dict) else None
        if isinstance(classes, list) and all(isinstance(name, str) for name in classes):
            domain["classes"] = [unicodedata.normalize("NFC", name) for name in classes]


def with_defaults(validator, properties, instance, schema):
    """The keyword `properties`, which fills in what is not given."""
    if isinstance(instance, dict):
        for name, about in properties.items():
            if "default" in about:
                instance.setdefault(name, copy.deepcopy(about["default"]))
    yield from FORM.VALIDATORS["properties"](validator, properties, instance, schema)


# 20.0 is whole to a JSON schema, and no whole number to the script that is told it
FORM = jsonschema.Draft202012Validator
VALIDATOR = jsonschema.validators.extend(
    FORM,
    {"properties": with_defaults},
    type_checker=FORM.TYPE_CHECKER.redefine(
        "integer", lambda checker, value: type(value) is int
    ),
)(SCHEMA)


def written_twice():
    """A line for each key that stands twice in a config file, where YAML takes the last."""
    if IS_MODULE or not workflow.is_main_process:
        return
    for path in workflow.configfiles:
        try:
            waiting = [((), yaml.compose(Path(path).read_text(encoding="utf-8")))]
        except (OSError, ValueError, yaml.YAMLError):
            continue  # not here, or Snakemake's to read
        while waiting:
            at, node = waiting.pop(0)
            if isinstance(node, yaml.SequenceNode):
                waiting += [((*at, n), item) for n, item in enumerate(node.value)]
            if isinstance(node, yaml.MappingNode):
                lines = {}
                for key, value in node.value:
                    waiting.append(((*at, key.value), value))
                    lines.setdefault(str(key.value), []).append(key.start_mark.line + 1)
                for key, found in lines.items():
                    if len(found) > 1:
                        places = " and ".join(map(str, found))
                        yield f"{path_of((*at, key))}: stands twice in {path}, lines {places}"


def several_kinds():
    """A line where a config names more than one kind of data."""
    kinds = [kind for kind in KINDS if kind in config]
    if len(kinds) > 1:
        yield f"top level: got {', '.join(kinds)}; rows are of one kind of data"


def unusable(given, at):
    """A line for each key that is no text, text that is no line, and number that is none."""
    if isinstance(given, dict):
        for key, value in given.items():
            if isinstance(key, str):
                yield from unusable(key, at)
                yield from unusable(value, (*at, key))
            else:
                yield f"{path_of(at)}: YAML reads the key {shown(key)} as no text; put it in quotes"
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from unusable(value, (*at, number))
    elif isinstance(given, str) and re.search(r"[\x00-\x1f\x7f]", given):
        yield f"{path_of(at)}: got {shown(given)}; no line break or control character is allowed"
    elif isinstance(given, float) and not math.isfinite(given):
        yield f"{path_of(at)}: got {given}; must be a finite number"


def read_command_line():
    """Numbers in lists and mappings of --config: Snakemake leaves them as text."""
    if IS_MODULE or not workflow.config_settings.config:
        return
    for error in FORM(SCHEMA).iter_errors(config):
        at = [*error.absolute_path]
        is_text = error.validator == "type" and isinstance(error.instance, str)
        if is_text and len(at) > 1 and at[0] in workflow.config_settings.config:
            holder = config
            for part in at[:-1]:
                holder = holder[part]
            holder[at[-1]] = yaml.safe_load(error.instance)


def path_of(at):
    return ".".join(map(str, at)) or "top level"


def shown(given):
    """What was given, in one line."""
    if isinstance(given, str) and given.isprintable() and given.strip() == given != "":
        return given
    if isinstance(given, datetime.date):
        return str(given)
    text = json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) < 100 else f"{text[:100]}..."


def among(name, allowed):
    """What is allowed; if a name is near to what was given, that first."""
    allowed = [str(value) for value in allowed]
    near = difflib.get_close_matches(str(name), allowed, n=1, cutoff=0.8)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}allowed: {', '.join(allowed) or 'none'}"


NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping, {} where nothing is said",
    "null": "null",
}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def explain(error):
    """A violation of the schema as `key: given; allowed`."""
    key, given, limit = (
        path_of(error.absolute_path),
        error.instance,
        error.validator_value,
    )
    about, kind = error.schema.get("description", ""), error.validator
    note = f" ({about})" if about else ""
    if "propertyNames" in error.absolute_schema_path:
        allowed = "another: a row has that name" if kind == "not" else about
        return f"{key}: got the name {shown(given)}; allowed: {allowed}"
    if kind == "additionalProperties":
        allowed = list(error.schema.get("properties", {}))
        unknown = [name for name in given if name not in allowed]
        return f"{key}: unknown key {', '.join(unknown)}; {among(unknown[0], allowed)}{taken_files(key)}"
    if kind == "required":
        missing = [name for name in limit if name not in given]
        return f"{key}: {', '.join(missing)} must be given; got {', '.join(given) or 'nothing'}{taken_files(key)}"
    if kind == "enum":
        return f"{key}: got {shown(given)}; {among(given, limit)}"
    if kind == "const":
        return f"{key}: got {shown(given)}; allowed: {shown(limit)}{note}"
    if kind == "anyOf":
        return explain_choice(error)
    if kind == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        wanted = " or ".join(NOUNS[name] for name in kinds)
        if "integer" in kinds and isinstance(given, float) and given.is_integer():
            wanted += f", written {int(given)}"
        if "string" in kinds and not isinstance(given, (list, dict, type(None))):
            wanted += ": put it in quotes"
        return f"{key}: got {shown(given)}; must be {wanted}{note}"
    if kind in BOUNDS:
        return f"{key}: got {shown(given)}; must be {BOUNDS[kind]} {limit}{note}"
    if kind == "uniqueItems":
        twice = [value for value in given if given.count(value) > 1]
        return f"{key}: {shown(twice[0])} stands there twice"
    if kind in ("minItems", "minProperties"):
        return f"{key}: got {shown(given)}; must hold at least {limit}{note}"
    if kind == "dependentRequired":
        return f"{key}: {' and '.join(limit)} need one another; got {', '.join(given)}"
    if kind == "pattern":
        return f"{key}: got {shown(given)}; allowed: {about or limit}"
    return f"{key}: {' '.join(error.message.split())}{note}"


def explain_choice(error):
    """Where nothing of several kinds fits: what is wrong with the kind that was given."""
    ways = {}
    for part in error.context:
        ways.setdefault(part.schema_path[0], []).append(part)
    for first, *_ in ways.values():
        # a mapping is none of the names and no text; what is wrong inside of it is to be said
        is_other_kind = first.validator in ("type", "enum", "pattern")
        if isinstance(error.instance, dict) and (first.path or not is_other_kind):
            return explain(first)
    names = [n for way in error.validator_value for n in way.get("enum", [])]
    others = [way.get("description") for way in error.validator_value]
    near = difflib.get_close_matches(str(error.instance), names, n=3, cutoff=0.7)
    allowed = [*(near or names), *filter(None, others)] or [
        error.schema.get("description", "")
    ]
    return f"{path_of(error.absolute_path)}: got {shown(error.instance)}; allowed: {', '.join(allowed)}"


def taken_files(key):
    """What may have happened, where several files were taken as configs."""
    files = workflow.overwrite_configfiles
    if key != "top level" or len(files) < 2 or IS_MODULE:
        return ""
    return f"; as configs were taken {', '.join(map(str, files))}: a target stands before --configfile"


def idle_settings():
    """A line for each setting of an adaptation that nothing would read."""
    given = config.get("adaptations") if isinstance(config, dict) else None
    for name, settings in given.items() if isinstance(given, dict) else ():
        if not isinstance(settings, dict):
            continue
        ways = {"combine": "a combination", "logits": "your own logits"}
        what = next((ways[key] for key in ways if key in settings), "")
        if name == "none":
            what = "the source teacher as it is"
        options = contents("distilshift.learning.adaptations")
        of = {**options["OPTIONS"], "strong": options["STRONG"]}
        for key in ("weight", "pose", "guard", "training", "sweep", *of):
            if what and key in settings:
                yield f"adaptations.{name}.{key}: is given for {what}, which is not trained"
        kind = settings.get("kind", name)
        for key in ("weight", "training", "sweep"):
            if kind == "adabn" and key in settings and not what:
                yield (
                    f"adaptations.{name}.{key}: is given for adabn, which is not trained: it"
                    " takes the target's statistics"
                )
        for key in of:
            if key in settings and not what and kind not in of[key]:
                yield f"adaptations.{name}.{key}: is for {', '.join(of[key])}, not for {kind}"
        if settings.get("guard") and kind in options["ALIKE"] and not what:
            yield (
                f"adaptations.{name}.guard: tells nothing of {kind}, whose runs are all"
                " alike; leave it out"
            )


def idle_of_methods():
    """A line for each setting of a method that plays no part in its loss."""
    given = config.get("methods") if isinstance(config, dict) else None
    not_of = contents("distilshift.learning.losses")["NOT_OF"]
    for name, settings in given.items() if isinstance(given, dict) else ():
        if not isinstance(settings, dict):
            continue
        loss = settings.get("loss")
        for key, losses in not_of.items():
            if key in settings and loss in losses:
                yield f"methods.{name}.{key}: plays no part in {loss}; leave it out"


def undefined_names():
    """A line for each name in the config that nothing defines: what a schema cannot see."""
    defined = {key: list(config[key]) for key in ("domains", "networks", "adaptations")}

    def unknown(key, name, kind):
        if name not in defined[kind]:
            yield f"{key}: {name} is not defined; {among(name, defined[kind])}"

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
        if method["loss"] == "fitnet":
            if method["views"] == "online":
                yield f"methods.{name}.views: got online; fitnet learns from features of a cache; allowed: fixed, replayed"
            if method["budget"] != "full":
                yield f"methods.{name}.budget: got {method['budget']}; fitnet sees more of a teacher; allowed: full"
            if not config["logits"]["features"]:
                yield f"methods.{name}.loss: fitnet needs features in the caches; set logits.features: true"
        yield from more_than_kept(name, method)
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
        keep, combined = config["logits"]["keep"], settings.get("combine", "mean")
        if keep.startswith("sample") and combined != "mean":
            yield f"adaptations.{name}.combine: got {combined}, and logits.keep {keep} has draws; allowed: mean"
        file = brought(settings)["file"]
        try:
            file.format(**dict.fromkeys(PLACEHOLDERS, "x"))
        except (KeyError, IndexError, ValueError):
            allowed = " ".join(f"{{{key}}}" for key in PLACEHOLDERS)
            yield f"adaptations.{name}.logits: got {file}; allowed in braces: {allowed}"


def more_than_kept(name, method):
    """A line for each setting of a method that wants more of a row than caches keep."""
    keep = config["logits"]["keep"]
    if keep == "all" or method["views"] == "online":
        return
    if keep.startswith("top"):
        asked = method["budget"].removeprefix("top")
        if asked.isdecimal() and int(asked) > int(keep.removeprefix("top")):
            yield (
                f"methods.{name}.budget: got {method['budget']}, and logits.keep is {keep};"
                " allowed: as many or fewer"
            )
        return
    known = contents("distilshift.learning.losses")
    if method["loss"] not in known["LINEAR"]:
        yield (
            f"methods.{name}.loss: got {method['loss']}, and logits.keep {keep} has draws;"
            f" allowed: {', '.join(known['LINEAR'])}, or logits.keep: top<k>"
        )
        return
    for key, value in known["OF_DRAWS"].items():
        if method[key] != value:
            yield (
                f"methods.{name}.{key}: got {method[key]}, and logits.keep {keep} has draws;"
                f" allowed: {value}, or logits.keep: top<k>"
            )


PLACEHOLDERS = ("source", "target", "network", "seed")


def brought(settings):
    """The file of logits of an adaptation that is the user's own, and what it holds."""
    given = settings.get("logits", "")
    if isinstance(given, str):
        given = {"file": given}
    return {"as": "logits", **given}


def unknown_network(key, member, unknown):
    """A line where the network that a member is of is none, or has no such teacher."""
    yield from unknown(key, member["network"], "networks")
    network = config["networks"].get(member["network"], {})
    if "sweep" in network:
        yield f"{key}: {member['network']} is a sweep, of several networks; name one without"
    if member["adaptation"] not in network.get("adaptations", [member["adaptation"]]):
        allowed = ", ".join(network["adaptations"])
        yield f"{key}: {member['network']} has no {member['adaptation']}; allowed: {allowed}"


def unknown_members(name, settings, unknown):
    """A line for each member of a combination that cannot be one."""
    key = f"adaptations.{name}.of"
    for member in settings.get("of", []):
        given = {"adaptation": member} if isinstance(member, str) else member
        yield from unknown(key, given["adaptation"], "adaptations")
        its = config["adaptations"].get(given["adaptation"], {})
        if "combine" in its:
            yield f"{key}: {given['adaptation']} is a combination itself; name its members"
        if "sweep" in its:
            yield f"{key}: {given['adaptation']} is a sweep, of several; name one without"
        if "network" in given:
            yield from unknown_network(key, given, unknown)
        if "source" not in given:
            continue
        yield from unknown(key, given["source"], "domains")
        if "sweep" in config["domains"].get(given["source"], {}):
            yield f"{key}: {given['source']} is a sweep, of several domains; name a domain"


check_config()
