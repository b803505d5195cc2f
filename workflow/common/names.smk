# what the package holds by name, put into the config's schema when the workflow is read
import ast
import re


def one_of(names):
    """A pattern that admits exactly these names; nothing, if there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def fill_names(schema):
    """Put every name into the lists of a schema; the committed one has them for editors."""
    fill_kind(schema)
    datasets = contents(f"{WING}.datasets")["DATASETS"]
    corrupted = [name for name, entry in datasets.items() if ":cifar_c:" in entry]
    ways = schema["$defs"]["dataset"]["anyOf"]
    listed, pattern, _ = ways
    listed["enum"] = [name for name in datasets if name not in corrupted]
    pattern["pattern"] = f"^({one_of(corrupted)})$"
    if not corrupted:
        ways.remove(pattern)
    shifts = contents(f"{WING}.shifts")["SHIFTS"]
    rows = literal("distilshift.data.shifts", "ROW_SHIFTS")
    schema["$defs"]["kind"]["enum"] = [*shifts, *rows]
    adaptations = contents("distilshift.learning.adaptations")["ADAPTATIONS"]
    schema["$defs"]["adaptation"]["properties"]["kind"]["enum"] = list(adaptations)
    method = schema["properties"]["methods"]["additionalProperties"]["properties"]
    method["loss"]["enum"] = contents("distilshift.learning.losses")["NAMES"]
    return schema


def fill_kind(schema):
    """Keep of what the schema says of each kind of data what is this one's."""
    properties, definitions = schema["properties"], schema["$defs"]
    for kind in KINDS:
        if kind != KIND:
            properties.pop(kind, None)
    properties[KIND]["default"] = {}
    views = definitions["training"]["properties"]["augmentation"]
    views["properties"] = {name: views["properties"][name] for name in fields("View")}
    definitions["override"] = without_defaults(definitions["training"])
    definitions["strong"] = definitions["override"]["properties"]["augmentation"]
    own = {**definitions["override"]["properties"]}
    ranges = own.pop("augmentation")["properties"]
    own |= {f"augmentation.{name}": about for name, about in ranges.items()}
    tried = definitions["tried"]
    values = tried["additionalProperties"]
    tried["properties"] = {
        name: {**values, "items": about} for name, about in own.items()
    }
    tried["additionalProperties"] = False
    if KIND != "image":  # whose dials the schema has, with their units
        of_rows = literal("distilshift.data.shifts", "STRENGTHS")
        definitions["dial"] = dials(
            {**of_rows, **contents(f"{WING}.shifts")["STRENGTHS"]}
        )
    training = properties["training"]["properties"]
    roles = [name for name, of in training.items() if "$ref" in of]
    source = fields("Source")
    properties["training"]["properties"] = {
        name: training[name] for name in [*source, *roles]
    }
    network = properties["networks"]["additionalProperties"]["properties"]["training"]
    network["properties"] = {
        **{name: without_defaults(training[name]) for name in source},
        **{name: network["properties"][name] for name in roles},
    }


def without_defaults(schema):
    """A schema that fills in nothing: of what is said, not of what is meant by saying nothing."""
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_defaults(part) for key, part in schema.items() if key != "default"
    }


def dials(strengths):
    """The strengths that shifts have: 0 to 1, but for those that say otherwise."""

    def of(allowed):
        return {"properties": {"strength": allowed, "strengths": {"items": allowed}}}

    def within(largest, is_reached):
        return {"minimum": 0, "maximum" if is_reached else "exclusiveMaximum": largest}

    counted = literal("distilshift.data.shifts", "COUNTED")
    limits = {name: within(*given) for name, given in strengths.items()}
    limits |= dict.fromkeys(counted, {"type": "integer", "minimum": 1})
    found = of(within(1, True))
    for name, allowed in limits.items():
        named = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
        found = {"if": named, "then": of(allowed), "else": found}
    return found


def fields(group):
    """The names of a group of the wing's settings, which are not run for it."""
    parsed = ast.parse(read(place_of(f"{WING}.settings")))
    (made,) = [node for node in parsed.body if getattr(node, "name", "") == group]
    return [node.target.id for node in made.body if isinstance(node, ast.AnnAssign)]
