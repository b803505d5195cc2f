"""Print the README's table from a run's ladder.csv: python docs/readme_table.py docs/ladder.csv."""

import sys

import pandas as pd
from shown import percent

MEASURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
}


def main(path: str) -> None:
    table = pd.read_csv(path)
    headline = next(name for name in MEASURES if f"{name}_low" in table)
    beside = [name for name in MEASURES if name in table and name != headline]
    names = [f"{MEASURES[name]} %" for name in (headline, *beside)]
    print(f"| transfer, network | row | {' | '.join(names)} | gap recovered % |")
    print("|---" * (len(names) + 3) + "|")
    for line in table.itertuples():
        name = f"{line.transfer.replace('-to-', ' → ')}, {line.network}"
        value, low, high = (100 * getattr(line, headline + end) for end in ("", "_low", "_high"))
        others = "".join(f" {100 * getattr(line, other):.1f} |" for other in beside)
        student = line.method not in ("teacher", "source-only", "oracle")
        gap = percent(line.gap_recovered) if student else ""
        print(f"| {name} | {line.row} | {value:.1f} [{low:.1f}, {high:.1f}] |{others} {gap} |")


if __name__ == "__main__":
    main(sys.argv[1])
