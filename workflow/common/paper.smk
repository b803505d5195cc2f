# what the paper is made from: published tables, whatever experiment is configured
import re
import tomllib


@cache
def published():
    """The tables that docs/tables.toml lists and that are there, by name."""
    listed = tomllib.loads(read("docs/tables.toml")).values()
    names = [name for experiment in listed for name in experiment["tables"]]
    return [name for name in names if is_source(f"docs/{name}.csv")]


def published_tables(wildcards):
    return [source(f"docs/{name}.csv") for name in published()]


def dial_targets(wildcards):
    """The targets of the published dial, as `plot_dial` is told them: domain=kind:strength."""
    lines = read("docs/dial.csv").splitlines()[1:]
    targets = dict.fromkeys(line.split(",")[0].split("-to-")[1] for line in lines)
    found = [re.fullmatch(r".*-([a-z_]+)-([\d.]+)", target) for target in targets]
    return [f"{match[0]}={match[1]}:{match[2]}" for match in found]


def page_flags(wildcards):
    """A figure across both columns of the paper: inches. Its panels would not fit into one."""
    return flags({"width": 7.0})
