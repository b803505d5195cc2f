"""Who may see labels: read off the jobs of a dry run."""

import re
from typing import NamedTuple


class Job(NamedTuple):
    rule: str
    inputs: frozenset[str]
    outputs: frozenset[str]


def jobs(listing: str) -> list[Job]:
    """The jobs that ``snakemake --dry-run --forceall`` lists."""
    found = []
    for block in re.split(r"^(?=(?:local)?(?:rule|checkpoint) \w+:$)", listing, flags=re.M)[1:]:
        rule = re.match(r"\w+ (\w+):", block)[1]
        inputs, outputs = (
            frozenset(
                line[1].split(", ")
                if (line := re.search(rf"^    {key}: (.+)$", block, re.M))
                else ()
            )
            for key in ("input", "output")
        )
        found.append(Job(rule, inputs, outputs))
    return found


# besides construct_domain, which makes the label files of the domains
READERS = {"train_teacher", "adapt_teacher", "distill_student", "train_student"}
READERS |= {"train_few", "distill_labelled"}  # their rows are marked so
READERS |= {"evaluate", "validate", "measure_transferred"}
READERS |= {"plot_domains"}  # of sources, in a figure that nothing is made from
LABELS = re.compile(r"/(datasets|domains)/([^/]+)/(?:train_|test_)?labels\.safetensors$")
# what is learned about a target without its labels
BLIND = re.compile(
    r"/transfers/(.+?)-to-([^/]+)/(?!.*/(?:evaluation|oracle|labels\d+)/)"
    r".*(weights\.safetensors|(?:logits|outputs|neighbours|validators)\.parquet)$"
)
# of all transfers at once: it may be made from blind files alone
SELECTION = re.compile(r"/(selection\.parquet|tables/selection\.csv)$")


def ancestors(job: Job, makers: dict[str, Job]) -> set[Job]:
    """A job and all it depends on."""
    found, waiting = set(), [job]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [makers[path] for path in one.inputs if path in makers]
    return found


def leaks(listed: list[Job]) -> list[str]:
    """A line for each way that labels reach where they must not."""
    makers = {path: job for job in listed for path in job.outputs}
    found = []
    for job in listed:
        for path in job.inputs:
            place = LABELS.search(path)
            if place and place[1] == "datasets" and job.rule != "construct_domain":
                found.append(f"{job.rule} takes {path}")
            if place and place[1] == "domains" and job.rule not in READERS:
                found.append(f"{job.rule} takes {path}")
        for output in filter(SELECTION.search, job.outputs):
            found += [
                f"{output}: {job.rule} takes {path}"
                for path in job.inputs
                if not (path.startswith("scripts/") or BLIND.search(path))
            ]
        for output in job.outputs:
            transfer = BLIND.search(output)
            if not transfer:
                continue
            for above in ancestors(job, makers):
                found += [
                    f"{output}: {above.rule} takes {path}"
                    for path in above.inputs
                    if (place := LABELS.search(path))
                    and (place[1], place[2]) == ("domains", transfer[2])
                ]
    return found
