# what the package holds by name, put into the config's schema when the workflow is read
import re


def one_of(names):
    """A pattern that admits exactly these names; nothing, if there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def fill_names(schema):
    """Put every name into the lists of a schema; the committed one has them for editors."""
    datasets = contents(f"{WING}.datasets")["DATASETS"]
    corrupted = [name for name, entry in datasets.items() if ":cifar_c:" in entry]
    listed, pattern, _ = schema["$defs"]["dataset"]["anyOf"]
    listed["enum"] = [name for name in datasets if name not in corrupted]
    pattern["pattern"] = f"^({one_of(corrupted)})$"
    shifts = contents(f"{WING}.shifts")["SHIFTS"]
    rows = literal("distilshift.data.shifts", "ROW_SHIFTS")
    schema["$defs"]["kind"]["enum"] = [*shifts, *rows]
    adaptations = contents("distilshift.learning.adaptations")["ADAPTATIONS"]
    schema["$defs"]["adaptation"]["properties"]["kind"]["enum"] = list(adaptations)
    method = schema["properties"]["methods"]["additionalProperties"]["properties"]
    method["loss"]["enum"] = contents("distilshift.learning.losses")["NAMES"]
    return schema
