# how figures and tables show their rows
from collections import Counter

with_labels, seen_labels, behind = (
    contents("distilshift.row_names")[name]
    for name in ("with_labels", "few_labels", "behind")
)


def network_rows(network):
    """(method, adaptation, label) of every row of a network, as the tables have them."""
    # the teacher of the source is a row of every network, also of one that is always adapted
    of = dict.fromkeys(["none", *filter(has_weights, adaptations(network))])
    found = [("teacher", a, f"teacher ({a})") for a in of]
    found += [(name, None, name) for name in ("source-only", "oracle")]
    rounds = config["rounds"]
    for adaptation, method in students(network):
        for number in range(1, rounds + 1):
            after = f", round {number}" if rounds > 1 else ""
            found.append((method, adaptation, f"{method} ({adaptation}){after}"))
    for count in config["labels"]:
        after = behind(count)
        found.append((with_labels("oracle", count), None, f"oracle{after}"))
        found += [
            (with_labels(method, count), adaptation, f"{method} ({adaptation}){after}")
            for adaptation, method in students(network)
        ]
    return found


def shown_labels():
    """The labels of domains that are sources, for a kind of data whose rows want their classes."""
    if not literal(f"{WING}.show", "LABELLED"):
        return []
    sources = dict.fromkeys(t["source"] for t in config["transfers"])
    return expand("<results>/domains/{domain}/test_labels.safetensors", domain=sources)


def label_of(method, adaptation, row):
    """What a row is called by `figures.rows`: its own name there, or those of its parts."""
    labels = config["figures"]["rows"]
    few = seen_labels(method)
    if few and row not in labels:
        after = behind(few[1])
        return label_of(few[0], adaptation, row.removesuffix(after)) + after
    if row in labels or adaptation is None:
        return labels.get(row, row)
    shown, after = labels.get(method, method), row.removeprefix(
        f"{method} ({adaptation})"
    )
    return f"{shown} ({labels.get(adaptation, adaptation)}){after}"


def undefined_rows():
    """A line for each row of `figures` that is none, and for rows that could not be told apart."""
    figures = config["figures"]
    rows = {network: network_rows(network) for network in networks_in_use()}
    every = [name for of in rows.values() for row in of for name in reversed(row)]
    known = list(dict.fromkeys(filter(None, every)))
    for key in ("rows", "order", "only"):
        for name in figures[key]:
            if name not in known:
                yield f"figures.{key}: {name} is no row, adaptation or method; {among(name, known)}"
    for network, of in rows.items():
        for label, count in Counter(label_of(*row) for row in of).items():
            if count > 1:
                yield f"figures.rows: {label} would be {count} rows of {network}"
        distilled = [row for row in of if row[0] in config["methods"]]
        if figures["only"] and not any(
            set(row) & set(figures["only"]) for row in distilled
        ):
            names = ", ".join(row[2] for row in distilled)
            yield f"figures.only: shows no distilled row of {network}; it has {names}"


# functions of wildcards, though they need none: else a brace in a label would be one


def width_flags(wildcards):
    return flags({"width": config["figures"]["width"]})


def row_flags():
    """Which rows are shown, in what order, by what names."""
    given = config["figures"]
    labels = [f"{name}={label}" for name, label in given["rows"].items()]
    return flags({"label": labels, "order": given["order"], "only": given["only"]})


def figure_flags(wildcards):
    return [*width_flags(wildcards), *row_flags()]


def headline_flags():
    """The measure that it is of, where no table says so."""
    return flags({"headline": config["headline"]})


def measure_flags(wildcards):
    """Those of a figure that is drawn from the metrics."""
    return [*headline_flags(), *figure_flags(wildcards)]


def table_flags(wildcards):
    """Its measure, its rows, and what its columns are called."""
    headings = [f"{n}={text}" for n, text in config["figures"]["columns"].items()]
    return [*headline_flags(), *flags({"heading": headings}), *row_flags()]
