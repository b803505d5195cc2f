"""Print the tables of docs/methods.md.

    python docs/methods_table.py docs/methods.csv docs/methods-cost.csv docs/methods-validators.csv

The first and the last are tables/ladder.csv and tables/validators.csv of a run of
experiments/methods.yaml; the second has kind, network, name and seconds, medians of
training_seconds in its metrics.parquet.
"""

import sys

import pandas as pd
from shown import percent

YARDSTICKS = ["teacher", "source-only", "oracle"]


def cell(row) -> str:
    ends = percent(row.gap_recovered_low), percent(row.gap_recovered_high)
    shown = percent(row.gap_recovered)
    return shown and f"{shown} [{', '.join(ends)}]"


def title(transfer: str, network: str) -> str:
    return f"{transfer.replace('-to-', ' → ')}, {network}"


def minus(text: str) -> str:
    return text.replace("-", "−")


def matrix(table: pd.DataFrame, index: str, cost: pd.Series) -> None:
    """A line an adaptation or method, a column a transfer and network: gap recovered, %."""
    columns = list(dict.fromkeys(zip(table.transfer, table.network, strict=True)))
    print(f"| {index} | {' | '.join(title(*column) for column in columns)} | seconds |")
    print("|---" * (len(columns) + 2) + "|")
    for name, rows in table.groupby(index, sort=False):
        found = {(row.transfer, row.network): cell(row) for row in rows.itertuples()}
        shown = [found.get(key, "") for key in columns]
        print(f"| `{name}` | {' | '.join(shown)} | {cost.get(name, 0):.1f} |")
    print()


def means(distilled: pd.DataFrame) -> None:
    """Gap recovered by each method, the mean over all adaptations of the cell."""
    found = distilled.pivot_table(
        index="method", columns=["transfer", "network"], values="gap_recovered", sort=False
    )
    print(f"| method | {' | '.join(title(*column) for column in found)} |")
    print("|---" * (found.shape[1] + 1) + "|")
    for name, row in found.iterrows():
        print(f"| `{name}` | {' | '.join(map(percent, row))} |")
    print()


def validators(table: pd.DataFrame) -> None:
    """Rank correlation with accuracy, and accuracy lost by the pick, means over the cells."""
    table = table.assign(lost=100 * (table.oracle - table.accuracy))
    found = table.pivot_table(index="validator", columns="among", values=["spearman", "lost"])
    worst = table.pivot_table(index="validator", columns="among", values="lost", aggfunc="max")
    print("| criterion | teachers: rank correlation | points lost (worst cell) ", end="")
    print("| students: rank correlation | points lost (worst cell) |")
    print("|---" * 5 + "|")
    for name in table.validator.unique():
        shown = [
            minus(
                f"{found.loc[name, ('spearman', among)]:.2f} | "
                f"{found.loc[name, ('lost', among)]:.1f} ({worst.loc[name, among]:.1f})"
            )
            for among in ("teachers", "students")
        ]
        print(f"| `{name}` | {' | '.join(shown)} |")


def main(path: str, costs: str, picks: str) -> None:
    table, cost = pd.read_csv(path), pd.read_csv(costs)
    cost = cost[cost.network == "cnn"]
    of = {kind: rows.set_index("name").seconds for kind, rows in cost.groupby("kind")}
    distilled = table[~table.method.isin(YARDSTICKS)]
    matrix(distilled[distilled.method == "dist"], "adaptation", of["adaptation"])
    best = distilled.adaptation.where(distilled.network == "cnn", "").eq("posed-joint")
    best |= (distilled.network == "mlp") & (distilled.adaptation == "joint")
    matrix(distilled[best], "method", of["method"])
    means(distilled)
    validators(pd.read_csv(picks))


if __name__ == "__main__":
    main(*sys.argv[1:])
