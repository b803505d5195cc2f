"""Print the dial's table of docs/shifts.md: python docs/dial_table.py docs/dial.csv."""

import sys

import pandas as pd
from shown import percent


def main(path: str) -> None:
    table = pd.read_csv(path)
    table["domain"] = table.transfer.str.split("-to-").str[1]
    table[["shift", "strength"]] = table.domain.str.extract(r"fashion-(.+)-([\d.]+)$")
    print("| shift | strength | source-only | adabn | posed-joint | oracle | gap recovered % |")
    print("|---|---|---|---|---|---|---|")
    for shift, points in table.groupby("shift", sort=False):
        gaps = []  # of the posed-joint teacher's students
        for strength, rows in points.groupby("strength", sort=False):
            by = rows.set_index("row")
            named = ("source-only", "dist (adabn)", "dist (posed-joint)", "oracle")
            shown = [f"{100 * by.accuracy[row]:.1f}" for row in named]
            gaps.append(by.gap_recovered["dist (posed-joint)"])
            print(f"| {shift} | {strength} | {' | '.join(shown)} | {percent(gaps[-1])} |")
        print(f"| **{shift}** | first three | | | | | **{percent(sum(gaps[:3]) / 3)}** |")


if __name__ == "__main__":
    main(sys.argv[1])
