# what the rules of data.smk need
import shlex


def dataset_of(wildcards):
    """The folder of the dataset that a domain is made from."""
    return f"<results>/datasets/{dataset_name(config['domains'][wildcards.domain]['from'])}"


def dataset_flags(wildcards):
    """What download_dataset.py is to fetch or unpack."""
    given = DATASETS.get(wildcards.dataset, wildcards.dataset)
    if isinstance(given, str):
        return f"--dataset {given}"
    folder, domain = map(shlex.quote, (folder_place(given), folder_domain(given)))
    return f"--folder {folder} --folder-domain {domain}"


def listing_flags(wildcards):
    """A hash of what lies in a dataset's folder: another one makes the dataset again."""
    found = listing(wildcards.dataset)
    return f"--listing {found}" if found else ""


def class_flags(wildcards):
    """The classes that a domain keeps, as a flag of construct_domain.py."""
    classes = config["domains"][wildcards.domain].get("classes")
    return f"--classes {shlex.join(classes)}" if classes else ""


def shift_flags(wildcards):
    """A domain's shifts as flags of construct_domain.py."""
    flags = []
    for shift in config["domains"][wildcards.domain].get("shift", []):
        values = ",".join(
            f"{key}={value}" for key, value in shift.items() if key != "kind"
        )
        flags.append(f"--shift {shift['kind']}:{values}")
    return " ".join(flags)


def split_flags():
    """How domains are split, as flags of construct_domain.py."""
    flags = [
        f"--train-fraction {config['split']['train_fraction']}",
        f"--split-seed {config['split']['seed']}",
    ]
    for half in ("train", "test"):
        if config["split"][f"most_{half}"]:
            flags.append(f"--most-{half} {config['split'][f'most_{half}']}")
    return " ".join(flags)
