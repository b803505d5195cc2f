# what the rules of data.smk need


def dataset_of(wildcards):
    """The folder of the dataset that a domain is made from."""
    return f"<datasets>/{dataset_name(config['domains'][wildcards.domain]['from'])}"


def dataset_flags(wildcards):
    """What download_dataset.py is to fetch or unpack."""
    given = DATASETS.get(wildcards.dataset, wildcards.dataset)
    if isinstance(given, str):
        return flags({"dataset": given})
    return flags({"folder": folder_place(given), "folder_domain": folder_domain(given)})


def wanted_flags(wildcards):
    """The kind of data, and what rows become that have no size of their own."""
    given = DATASETS.get(wildcards.dataset, wildcards.dataset)
    sizes = [f"{name}={value}" for name, value in sizes_of(given).items()]
    return flags({"data": KIND, "input": sizes})


def archive_flags(wildcards, resources):
    """Where archives lie already, as a flag of download_dataset.py.

    It asks for ``resources`` as `device` does: where an archive lay changes no dataset.
    """
    return flags({"archive_dir": config["archive_dir"]})


def listing_flags(wildcards):
    """A hash of what lies in a dataset's folder: another one makes the dataset again."""
    return flags({"listing": listing(wildcards.dataset) or None})


def class_flags(wildcards):
    """The classes that a domain keeps, as a flag of construct_domain.py."""
    classes = config["domains"][wildcards.domain].get("classes")
    return flags({"classes": classes})


def shift_flags(wildcards):
    """A domain's shifts as flags of construct_domain.py."""
    made = []
    for shift in config["domains"][wildcards.domain].get("shift", []):
        values = ",".join(
            f"{key}={value}" for key, value in shift.items() if key != "kind"
        )
        made.append(f"{shift['kind']}:{values}")
    return flags({"shift": made})


def split_flags():
    """How domains are split, as flags of construct_domain.py."""
    given = dict(config["split"])
    return flags({"split_seed": given.pop("seed"), **given})


def dataset_modules(wildcards):
    """The module of a dataset, or that of folders."""
    given = DATASETS.get(wildcards.dataset, wildcards.dataset)
    package = f"{WING}.datasets"
    known = contents(package)
    entries = {**known["DATASETS"], None: known["FOLDER"]}
    return modules(package, entries, [given if isinstance(given, str) else None])


def shift_modules(wildcards):
    """The modules of a domain's shifts; of all, where a job is of no domain."""
    package = f"{WING}.shifts"
    known, of_rows = contents(package)["SHIFTS"], literal(
        "distilshift.data.shifts", "ROW_SHIFTS"
    )
    kinds = list(known)
    if "domain" in wildcards.keys():
        shifts = config["domains"][wildcards.domain].get("shift", [])
        kinds = [shift["kind"] for shift in shifts]
    return modules(package, known, kinds) + modules("distilshift.data", of_rows, kinds)
