"""One page to look around in results: it is a single file, and needs no network.

The ladder and the learning curves, filtered by transfer, network, row and seed, and the
rows of the target on which a student and its teacher disagree or both err, most sure
first. Pictures of rows take at most --room MB: where more runs are to be shown than have
room, each shows fewer.

    python scripts/explore.py --experiment digits --metrics metrics.parquet \\
        --history history.parquet --predictions a/predictions.parquet b/predictions.parquet \\
        --inputs a/test_inputs.safetensors b/test_inputs.safetensors --page explorer.html
"""

import argparse
import html
import json
from pathlib import Path

from distilshift import cli, extras
from distilshift.analysis import explorer, headlines
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import tables

import pandas as pd

TEMPLATE = Path(__file__).with_suffix(".html")
MB = 1_000_000


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--experiment", default="results", help="its name, the page's title")
    made.add_argument("--metrics", type=Path, required=True, help="from summarize")
    made.add_argument("--history", type=Path, required=True, help="from summarize")
    made.add_argument("--predictions", **several, help="from evaluate")
    made.add_argument("--inputs", **several, help="test inputs of every target")
    made.add_argument("--page", type=Path, required=True, help="output, HTML")
    headlines.add_argument(made)
    made.add_argument(
        "--most", type=cli.positive_int, default=12, help="rows of a run and kind of mistake"
    )
    made.add_argument(
        "--room", type=cli.positive_float, default=6.0, help="MB that pictures of rows may take"
    )
    return made


class Rows:
    """Rows of the targets as a page shows them: each once, as long as there is room.

    Args:
        room: characters that they may take together.
    """

    def __init__(self, paths: list[Path], room: float):
        self.domains = {data.header["domain"]: data for data in map(domains.load_inputs, paths)}
        self.places = {
            name: {sample: at for at, sample in enumerate(data.ids.tolist())}
            for name, data in self.domains.items()
        }
        self.room, self.shown = room, []
        self.known: dict[tuple[str, int], int | None] = {}
        data = next(iter(self.domains.values()))
        self.form = data.kind.show.ON_A_PAGE

    def add(self, domain: str, sample: int) -> int | None:
        """The number of a row on the page; None where there is no room for it."""
        if (domain, sample) not in self.known:
            if domain not in self.places or sample not in self.places[domain]:
                problem = f"no file holds row {sample} of {domain}"
                raise InputError("--inputs", problem, "give the test inputs of every target")
            data, at = self.domains[domain], self.places[domain][sample]
            (text,) = data.kind.show.embed(data.inputs[[at]])
            fits = len(text) <= self.room
            self.known[domain, sample] = len(self.shown) if fits else None
            if fits:
                self.shown.append(text)
                self.room -= len(text)
        return self.known[domain, sample]


def mistakes(args: argparse.Namespace, runs: pd.DataFrame, rows: Rows) -> list[dict]:
    """What each run errs on: how many rows, and the first of them; every run's surest first."""
    lists, heads = [], []
    for path in args.predictions:
        predictions = tables.read(path, "evaluate", explorer.PREDICTIONS)
        for run, of, found in explorer.errors(predictions, runs):
            lists.append({"run": run, "of": of, "count": len(found), "rows": []})
            found = found.head(args.most).rename(columns={"class": "true"})
            heads.append(list(found.itertuples()))
    for place in range(args.most):
        for one, head in zip(lists, heads, strict=True):
            if place >= len(head):
                continue
            row = head[place]
            at = rows.add(row.target, row.sample_id)
            if at is None:
                continue
            teacher = []
            if hasattr(row, "teacher_said"):
                teacher = [row.teacher_said, round(row.teacher_sure, 4)]
            said = [row.said, round(row.sure, 4)]
            one["rows"].append([at, row.name, row.true, *said, *teacher])
    return lists


def records(frame: pd.DataFrame) -> list[dict]:
    """Lines as JSON can hold them, blanks left out."""
    lines = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {
            k: float(f"{v:.6g}") if isinstance(v, float) else v
            for k, v in line.items()
            if v is not None
        }
        for line in lines
    ]


def fill(text: str, **parts: str) -> str:
    """The template, each ``<!--name-->`` or ``/*name*/`` replaced."""
    for name, part in parts.items():
        mark = next(mark for mark in (f"<!--{name}-->", f"/*{name}*/") if mark in text)
        before, after = text.split(mark, 1)
        text = before + part + after
    return text


def main(args: argparse.Namespace) -> None:
    script = extras.load("vl_convert", "explore", "the explorer").javascript_bundle()
    metrics = tables.read(args.metrics, "summarize", tables.METRICS)
    runs = explorer.runs(metrics)
    rows = Rows(args.inputs, args.room * MB)
    lists = mistakes(args, runs, rows)
    history = tables.read(args.history, "summarize")
    curves = explorer.curves(history, runs)
    content = {
        "choices": explorer.SHOWN,
        "charts": explorer.charts(runs, args.headline),
        "headline": args.headline,
        "runs": records(runs),
        "curves": curves.to_numpy().round(5).tolist(),
        "form": rows.form,
        "rows": rows.shown,
        "mistakes": lists,
        "most": args.most,
    }
    # nothing of it may end the element that it stands in
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    of = headlines.NAMES[args.headline]
    page = fill(
        TEMPLATE.read_text(encoding="utf-8"),
        title=html.escape(args.experiment),
        heading=html.escape(args.experiment),
        measure=of[0].upper() + of[1:],
        vega=script.replace("</script", "<\\/script"),
        data=data,
    )
    page = fill(page, size=f"{len(page.encode()) / MB:.1f} MB.")
    with cli.whole_file(args.page) as part:
        part.write_text(page, encoding="utf-8")
    size, shown = args.page.stat().st_size / MB, sum(len(one["rows"]) for one in lists)
    cli.log.info(
        "%.1f MB, %s, %d places of %d rows",
        size,
        cli.counted(len(runs), "run"),
        shown,
        len(rows.shown),
    )
    wanted = sum(min(one["count"], args.most) for one in lists)
    if shown < wanted:
        cli.warn(
            f"--room {args.room:g}: {shown} of {wanted} rows are shown; raise it, or lower --most"
        )


if __name__ == "__main__":
    cli.run(main, parser())
