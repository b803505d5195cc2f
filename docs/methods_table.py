"""Print the tables of docs/methods.md.

python docs/methods_table.py docs/methods.csv docs/methods-cost.csv

The first is a run's tables/ladder.csv; the second has kind, network, name, seconds.
"""

import sys

import pandas as pd


def cell(row: pd.Series) -> str:
    low, high = 100 * row.gap_recovered_low, 100 * row.gap_recovered_high
    return f"{100 * row.gap_recovered:.0f} [{low:.0f}, {high:.0f}]"


def matrix(table: pd.DataFrame, index: str, cost: pd.Series) -> None:
    """A row an adaptation or method, a column a transfer and network; gap recovered, %."""
    columns = list(dict.fromkeys(zip(table.transfer, table.network, strict=True)))
    titles = [f"{transfer.replace('-to-', ' → ')}, {network}" for transfer, network in columns]
    print(f"| {index} | {' | '.join(titles)} | seconds |")
    print("|---" * (len(columns) + 2) + "|")
    for name, rows in table.groupby(index, sort=False):
        found = {(row.transfer, row.network): cell(row) for row in rows.itertuples()}
        shown = [found.get(key, "") for key in columns]
        print(f"| `{name}` | {' | '.join(shown)} | {cost.get(name, 0):.1f} |")


def main(path: str, costs: str) -> None:
    table, cost = pd.read_csv(path), pd.read_csv(costs)
    cost = cost[cost.network == "cnn"]
    of = {kind: rows.set_index("name").seconds for kind, rows in cost.groupby("kind")}
    matrix(table[table.method == "dist"], "adaptation", of["adaptation"])
    print()
    distilled = ~table.method.isin(["teacher", "source-only", "oracle"])
    posed = table.adaptation.isin(["posed-joint"])
    matrix(table[distilled & posed], "method", of["method"])


if __name__ == "__main__":
    main(*sys.argv[1:])
