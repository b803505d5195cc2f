"""Print the README's table from a run's ladder.csv: python docs/readme_table.py docs/ladder.csv."""

import sys

import pandas as pd
from shown import percent


def main(path: str) -> None:
    table = pd.read_csv(path)
    print("| transfer, network | row | accuracy % | gap recovered % |")
    print("|---|---|---|---|")
    for line in table.itertuples():
        name = f"{line.transfer.replace('-to-', ' → ')}, {line.network}"
        accuracy = f"{100 * line.accuracy:.1f}"
        accuracy += f" [{100 * line.accuracy_low:.1f}, {100 * line.accuracy_high:.1f}]"
        student = line.method not in ("teacher", "source-only", "oracle")
        gap = percent(line.gap_recovered) if student else ""
        print(f"| {name} | {line.row} | {accuracy} | {gap} |")


if __name__ == "__main__":
    main(sys.argv[1])
