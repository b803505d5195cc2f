# sweeps: one domain a strength


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
