"""Print the tables of docs/methods.md: python docs/methods_table.py docs/methods.csv."""

import sys

import pandas as pd


def cell(row: pd.Series) -> str:
    low, high = 100 * row.gap_recovered_low, 100 * row.gap_recovered_high
    return f"{100 * row.gap_recovered:.0f} [{low:.0f}, {high:.0f}]"


def matrix(table: pd.DataFrame, index: str) -> None:
    """A row an adaptation or method, a column a transfer and network; gap recovered, %."""
    columns = list(dict.fromkeys(zip(table.transfer, table.network, strict=True)))
    print(
        f"| {index} | " + " | ".join(f"{t.replace('-to-', ' → ')}, {n}" for t, n in columns) + " |"
    )
    print("|---" * (len(columns) + 1) + "|")
    for name, rows in table.groupby(index, sort=False):
        found = {(row.transfer, row.network): cell(row) for row in rows.itertuples()}
        print(f"| `{name}` | " + " | ".join(found.get(key, "") for key in columns) + " |")


def main(path: str) -> None:
    table = pd.read_csv(path)
    matrix(table[table.method == "dist"], "adaptation")
    print()
    matrix(table[table.adaptation.isin(["posed-joint"]) & (table.method != "teacher")], "method")


if __name__ == "__main__":
    main(sys.argv[1])
