"""Combine the caches of several teachers over the same inputs into one.

    python scripts/combine_logits.py --members a.parquet b.parquet --combine mean \\
        --source mnist5k --adaptation ensemble --logits logits.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.errors import InputError
from distilshift.files import logits
from distilshift.learning import ensembles

import numpy as np
import pyarrow

# what a student's cache is of, apart from who labelled it: the same for every member
SHARED = ("target", "inputs_sha256", "split", "classes", "data", "input", "shard", "shards")
SHARED += ("views", "parameters", "augmentation", "views_seed", "round")
BATCH = 65536  # samples at a time


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument(
        "--members", type=Path, nargs="+", required=True, help="caches, or one shard of each"
    )
    made.add_argument("--combine", choices=sorted(ensembles.COMBINATIONS), required=True)
    made.add_argument("--source", required=True, help="of the transfer, kept in the cache")
    made.add_argument("--adaptation", required=True, help="name of the combination in tables")
    made.add_argument("--dtype", choices=sorted(logits.DTYPES), default="float32", help="stored")
    made.add_argument("--keep", default="all", help="of a row: all, top<k> or sample<n>")
    made.add_argument("--logits", type=Path, required=True, help="output, Parquet")
    return made


def provenance(args: argparse.Namespace, members: list[dict]) -> dict:
    """What the combined cache says of itself: what members share, and who they are."""
    first = members[0]
    parents = [member["teacher_sha256"] for member in members]
    return {
        **{field: first[field] for field in SHARED if field in first},
        "teacher": "+".join(dict.fromkeys(member["teacher"] for member in members)),
        "teacher_sha256": [
            sha256
            for parent in parents
            for sha256 in (parent if isinstance(parent, list) else [parent])
        ],
        "source": args.source,
        "adaptation": args.adaptation,
        "combine": args.combine,
        **({} if args.keep == "all" else {"keep": args.keep}),
        "members": [[m["source"], m["adaptation"], m["teacher"]] for m in members],
        "seed": first["seed"],
        **{
            field: first[field] if all(m[field] == first[field] for m in members) else None
            for field in ("preprocessing", "mode")
        },
        "versions": {"numpy": np.__version__, "pyarrow": pyarrow.__version__},
    }


def main(args: argparse.Namespace) -> None:
    first = logits.read_provenance(args.members[0])
    shared = {field: first.get(field) for field in SHARED}
    caches = [logits.read(args.members[:1], {}, part=True)]
    ids = caches[0].ids
    caches += [logits.read([path], shared, ids, part=True) for path in args.members[1:]]
    kept = {cache.provenance.get("keep", "all") for cache in caches}
    if args.combine != "mean" and any(keep.startswith("sample") for keep in kept):
        shown = ", ".join(sorted(kept))
        problem = f"got {args.combine}, and members keep {shown}: weights by draws are not theirs"
        raise InputError("--combine", problem, "take mean, or keep top<k>")

    def chunks():
        for view in range(first["views"] + 1):
            for start in range(0, len(ids), BATCH):
                rows = [cache.rows[view, start : start + BATCH] for cache in caches]
                parameters = None
                if first["views"]:
                    seen = [c.parameters[r] for c, r in zip(caches, rows, strict=True)]
                    parameters = seen[0]
                    for path, other in zip(args.members, seen, strict=True):
                        if not np.array_equal(other, parameters):
                            problem = f"view {view} is not that of {args.members[0]}"
                            raise InputError(path, problem, "cache both for the same student")
                given = np.stack([c.logits[r] for c, r in zip(caches, rows, strict=True)])
                together = ensembles.combine(given, args.combine)
                yield ids[start : start + BATCH], together, view, parameters

    known = provenance(args, [cache.provenance for cache in caches])
    logits.write(args.logits, chunks(), known, args.dtype)
    cli.log.info("%s of %d teachers, %d samples", args.combine, len(caches), len(ids))


if __name__ == "__main__":
    cli.run(main, parser())
