"""Whether a run is of a config as it is written: in what its settings differ."""

import copy

# of a config, what is compared whole: the cells, their rows, and what students learn from
WHOLE = ("domains", "transfers", "methods", "logits", "rounds", "labels")


def differing(config: dict, used: dict, schema: dict) -> list[str]:
    """The keys of a config that a run was made without, or otherwise.

    Of ``WHOLE``, and of names of networks and adaptations, also what the run has beside them,
    unless it is a default of the schema; of the rest what the config spells out.
    """
    written = written_out(config, schema)
    for name in WHOLE:
        if name in used:
            written.setdefault(name, schema["properties"][name].get("default"))
    found = []
    for name, given in written.items():
        about = schema["properties"][name] if name in WHOLE else {}
        found += _differing(given, used.get(name), name, about)
    for name in ("networks", "adaptations"):
        beside = used.get(name, {}).keys() - written.get(name, {}).keys()
        found += [f"{name}.{one}" for one in sorted(beside)]
    return found


def _differing(given: object, used: object, key: str, about: dict) -> list[str]:
    """The same of a part; what lies beside it is looked at where the schema says what may."""
    if isinstance(given, list) and isinstance(used, list) and len(given) == len(used):
        parts = [
            (*pair, f"{key}.{number}", about.get("items", {}))
            for number, pair in enumerate(zip(given, used, strict=True))
        ]
        return [one for part in parts for one in _differing(*part)]
    if not (isinstance(given, dict) and isinstance(used, dict)):
        return [] if given == used else [key]
    known, other, found = about.get("properties", {}), about.get("additionalProperties"), []
    for name, value in given.items():
        part = known.get(name, other or {})
        found += _differing(value, used.get(name), f"{key}.{name}", part)
    if known or other:
        beside = [name for name in used if name not in given]
        defaults = {name: known.get(name, {}).get("default") for name in beside}
        found += [f"{key}.{name}" for name in beside if used[name] != defaults[name]]
    return found


def written_out(config: dict, schema: dict) -> dict:
    """A config as a run records it, but for defaults that do not hang on a name."""
    found = copy.deepcopy(config)
    domains, points = {}, {}
    for name, domain in found.get("domains", {}).items():
        sweep = domain.pop("sweep", None)
        if sweep is None:
            domains[name], points[name] = domain, [name]
            continue
        kept = {key: sweep[key] for key in ("kind", "seed") if key in sweep}
        points[name] = [f"{name}-{strength}" for strength in sweep["strengths"]]
        for point, strength in zip(points[name], sweep["strengths"], strict=True):
            shift = [*domain.get("shift", []), {**kept, "strength": strength}]
            domains[point] = {**domain, "shift": shift}
    swept = {
        "domains": domains,
        "transfers": [
            {**transfer, "source": source, "target": target}
            for transfer in found.get("transfers", [])
            for source in points[transfer["source"]]
            for target in points[transfer["target"]]
        ],
    }
    found |= {name: swept[name] for name in swept if name in found}
    method = schema["properties"]["methods"]["additionalProperties"]["properties"]
    for name, settings in found.get("methods", {}).items():
        if name in method["loss"]["enum"]:
            settings.setdefault("loss", name)
    for network in found.get("networks", {}).values():
        for role in ("teacher", "student"):
            if isinstance(network.get(role), dict):  # a checkpoint is recorded apart
                network[role] = network[role]["model"]
    return found
