"""What each validator would have picked, beside the oracle's pick: accuracy on the target.

For every transfer and network, among its distilled students (adaptations x methods x
rounds) and among its teachers: target-test accuracy of the pick (mean over seeds) by each
validator, by the oracle, and of the last row listed; Spearman's rank correlation of the
validator with accuracy over the candidates of a seed (mean over seeds); how many picks
the collapse alarm changed; and who was picked, in how many seeds. It reads labels' results, so
nothing is chosen from it.

    python scripts/tabulate_selection.py --validators a/validators.parquet \\
        --metrics metrics.parquet --csv validators.csv
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import headlines, ladder, selection
from distilshift.files import tables

import pandas as pd
from scipy import stats


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--validators", type=Path, nargs="+", required=True, help="of validate")
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    headlines.add_argument(made)
    made.add_argument("--csv", type=Path, required=True, help="output")
    return made


def rank_correlation(scores: pd.Series, truth: pd.Series) -> float:
    """Spearman's; nan where either says the same of all."""
    if min(scores.nunique(), truth.nunique()) < 2:
        return float("nan")
    return stats.spearmanr(scores, truth).statistic


def judge(candidates: pd.DataFrame, headline: str) -> dict:
    """Of the candidates of one seed that a validator knows, whom it picks, how well it ranks."""
    pick = selection.best(selection.eligible(candidates))
    return {
        headline: pick[headline],
        "spearman": rank_correlation(candidates["value"], candidates[headline]),
        "alarmed": pick.name != selection.best(candidates).name,
        "candidates": len(candidates),
        "pick": called(pick),
    }


def called(network: pd.Series) -> str:
    """A teacher's adaptation, or a student's row, with its round from the second on."""
    if network["method"] == "teacher":
        return network["adaptation"]
    later = int(network["round"])
    return ladder.label(network["method"], network["adaptation"], later, rounds=later)


def table(found: pd.DataFrame, headline: str = "accuracy") -> pd.DataFrame:
    """A line a transfer, network, kind of candidates and validator.

    Args:
        found: validators' rows with the ``headline`` on the target's test half. A validator may
            know fewer networks than another: ``oracle`` and ``last`` are of all.
    """
    kinds = {"teacher": "teachers", "source-only": None}
    found = found.assign(among=[kinds.get(m, "students") for m in found["method"]])
    found = found.dropna(subset="among").reset_index(drop=True)
    lines = []
    of_seed = [*ladder.CELL, "among", "seed"]
    networks = found.drop_duplicates([*ladder.ROW, "seed"]).groupby(of_seed)[headline]
    beside = networks.agg(oracle="max", last="last")
    keys = [*ladder.CELL, "among", "validator"]
    for key, group in found.groupby(keys, sort=False):
        ends = beside.loc[key[:-1]]
        by_seed = group.groupby("seed", sort=False)
        seeds = pd.DataFrame([{**judge(one, headline), **ends.loc[seed]} for seed, one in by_seed])
        means = seeds[[headline, "oracle", "last", "spearman"]].mean()
        counts = {"alarmed": seeds["alarmed"].sum(), "candidates": seeds["candidates"].max()}
        picks = [f"{name} {count}" for name, count in seeds["pick"].value_counts().items()]
        more = {"seeds": len(seeds), "picks": "; ".join(picks)}
        lines.append({**dict(zip(keys, key, strict=True)), **means, **counts, **more})
    return pd.DataFrame(lines)


def main(args: argparse.Namespace) -> None:
    found = pd.concat([tables.read(p, "validate", tables.VALIDATORS) for p in args.validators])
    measured = tables.read(args.metrics, "summarize", tables.METRICS)
    is_asked = (measured["metric"] == args.headline) & (measured["domain"] == "target")
    truth = measured.loc[is_asked, [*tables.IDENTITY, "value"]]
    truth = truth.rename(columns={"value": args.headline})
    lines = table(found.merge(truth, on=tables.IDENTITY), args.headline)
    with cli.whole_file(args.csv) as part:
        lines.to_csv(part, index=False, float_format="%.6f")
    cli.log.info("%s", cli.counted(len(lines), "line"))


if __name__ == "__main__":
    cli.run(main, parser())
