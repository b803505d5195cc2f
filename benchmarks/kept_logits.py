"""What a cache that keeps a part of each row costs a student: bytes, accuracy, calibration.

    python benchmarks/kept_logits.py --csv docs/kept.csv --figures docs/kept.svg

Glyphs of letters that the fonts in matplotlib's package share (Latin, Greek, Cyrillic), 16 pixels,
a class a letter. The source is DejaVu in twelve cuts, the target STIX in four: a teacher learns on
the labelled source, its statistics are the target's (AdaBN), and students learn from caches of
its logits over the target's unlabelled rows, by kd at temperature 1, with the same steps, batches
and views. Letters of two scripts that look alike (o, ο, о) are classes of their own, so that
labels are soft where they should be. A seed takes about 3 minutes of a processor.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from matplotlib.ft2font import FT2Font
from matplotlib.ticker import NullFormatter
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli, networks
from distilshift.analysis import figures, metrics
from distilshift.data.domains import Inputs
from distilshift.files import logits
from distilshift.image.settings import View
from distilshift.learning import adaptation, distillation, training
from distilshift.learning.losses import kd
from distilshift.learning.settings import Run, Training

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
CUTS = {
    "source": [
        *(f"DejaVuSans{cut}" for cut in ("", "-Bold", "-Oblique", "-BoldOblique")),
        *(f"DejaVuSansMono{cut}" for cut in ("", "-Bold", "-Oblique", "-BoldOblique")),
        *(f"DejaVuSerif{cut}" for cut in ("", "-Bold", "-Italic", "-BoldItalic")),
    ],
    "target": ["STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"],
}
SCRIPTS = [(0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x180), (0x391, 0x3CA), (0x400, 0x460)]
SIZE, TURNS = 16, {"source": (-6, 0, 6), "target": (-12, -6, 0, 6, 12)}
KEEPS = ["all", "top1", "top3", "top10", "top30", "sample3", "sample10", "sample30", "sample100"]
RANGES = View(rotation=10, translation=0.08, scale=0.1)
COLOURS = {"all": "black", "top": figures.COLOURS["oracle"], "sample": figures.COLOURS["distilled"]}


def drawn(letter: str, font: ImageFont.FreeTypeFont, turn: int) -> np.ndarray:
    """One glyph, uint8 (SIZE, SIZE), as large as fits."""
    sheet = Image.new("L", (96, 96))
    ImageDraw.Draw(sheet).text((48, 48), letter, 255, font, anchor="mm")
    turned = sheet.rotate(turn, Image.Resampling.BICUBIC)
    return np.asarray(turned.resize((SIZE, SIZE), Image.Resampling.BOX))


def letters() -> list[str]:
    """Those that every cut has a glyph of."""
    cuts = [FT2Font(FONTS / f"{cut}.ttf").get_charmap() for of in CUTS.values() for cut in of]
    every = [code for first, last in SCRIPTS for code in range(first, last)]
    return [chr(c) for c in every if chr(c).isalpha() and all(c in known for known in cuts)]


def domain(name: str, classes: list[str]) -> tuple[Inputs, torch.Tensor]:
    """All glyphs of a domain, a row a letter, cut and turn, and their classes."""
    fonts = [ImageFont.truetype(FONTS / f"{cut}.ttf", 60) for cut in CUTS[name]]
    shown = [(c, font, turn) for c in classes for font in fonts for turn in TURNS[name]]
    rows = np.stack([drawn(*one) for one in shown])[:, None]
    header = {"data": "image", "classes": classes}
    inputs = Inputs(torch.from_numpy(rows), torch.arange(len(rows)), header)
    return inputs, torch.arange(len(classes)).repeat_interleave(len(rows) // len(classes))


def part(data: Inputs, labels: torch.Tensor, rows: torch.Tensor) -> tuple[Inputs, torch.Tensor]:
    return Inputs(data.inputs[rows], data.ids[rows], data.header), labels[rows]


def built(model: str, classes: int, seed: int) -> networks.Network:
    return networks.build(model, classes, "image", {"size": SIZE, "channels": 1}, seed=seed)


def trained(model: networks.Network, loss_of: object, data: Inputs, steps: int, seed: int) -> None:
    """By ``loss_of(rows, logits)``, the workflow's own loop."""
    views = training.Views(data, 128, RANGES, "student", seed)

    def loss_fn(step):
        rows = views.indices(step)
        return loss_of(rows, model(views.view(rows, step))), {}

    how = Training(steps=steps, batch=128, lr=0.01)
    training.fit(model, loss_fn, how, Run(seed=seed), views.per_epoch, {"seed": seed})


def measured(keep: str, values: np.ndarray, train: Inputs, test: tuple, seed: int, steps: int):
    """A student of that cache: bytes a row of its file, and how it does on the test half."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logits.parquet"
        known = {"classes": train.header["classes"], "seed": seed, "round": 1}
        known |= {} if keep == "all" else {"keep": keep}
        logits.write(path, [(train.ids.numpy(), values)], known, "float16")
        size = path.stat().st_size / len(values)
        labels = distillation.Labels(logits.read([path], {}, train.ids.numpy()), train.device)
    student = built("cnn-8", len(train.header["classes"]), seed)
    trained(student, lambda r, z: kd.kd(z, labels.logits(r), 1.0).mean(), train, steps, seed)
    z, y = adaptation.said(student, test[0]).numpy(), test[1].numpy()
    of = {name: metrics.METRICS[name](z, y) for name in ("accuracy", "nll", "ece")}
    return {"seed": seed, "keep": keep, "bytes": size, **of}


def run(seed: int, steps: int, teacher_steps: int) -> list[dict]:
    """A student of every cache of one teacher, and the teacher itself."""
    classes = letters()
    source, target = domain("source", classes), domain("target", classes)
    order = torch.randperm(len(target[1]), generator=torch.Generator().manual_seed(seed))
    half = len(order) // 2
    train, test = (part(*target, rows.sort().values) for rows in (order[:half], order[half:]))
    teacher = built("cnn-32", len(classes), seed)
    trained(teacher, lambda r, z: F.cross_entropy(z, source[1][r]), source[0], teacher_steps, seed)
    teacher = adaptation.target_statistics(teacher, train[0])
    values, y = adaptation.said(teacher, train[0]).numpy(), test[1].numpy()
    z = adaptation.said(teacher, test[0]).numpy()
    found = [{"seed": seed, "keep": "teacher", "accuracy": metrics.accuracy(z, y)}]
    found[0] |= {"nll": metrics.nll(z, y), "ece": metrics.ece(z, y)}
    print(f"{len(classes)} letters; {len(source[1])} rows, {half} of the target; {found[0]}")
    for keep in KEEPS:
        found.append(measured(keep, values, train[0], test, seed, steps))
        print({name: round(v, 4) if isinstance(v, float) else v for name, v in found[-1].items()})
    return found


def draw(table: pd.DataFrame, paths: list[Path]) -> None:
    """Accuracy and calibration against bytes a row; a dot a seed, a line through the means."""
    figures.style()
    figure, axes = plt.subplots(1, 2, figsize=(6.3, 2.4), layout="constrained")
    students = table[table["keep"] != "teacher"]
    kind = students["keep"].str.replace(r"\d+", "", regex=True)
    for axis, measure in zip(axes, ("accuracy", "ece"), strict=True):
        for name, of in students.groupby(kind, sort=False):
            colour, mark = COLOURS[name], {"all": "s", "top": "o", "sample": "^"}[name]
            axis.plot(of["bytes"], 100 * of[measure], mark, color=colour, ms=3, mew=0, alpha=0.5)
            means = of.groupby("bytes")[measure].mean()
            axis.plot(means.index, 100 * means, mark + "-", color=colour, ms=4, lw=1, label=name)
            for keep, one in of.groupby("keep"):
                place = one["bytes"].mean(), 100 * one[measure].mean()
                axis.annotate(
                    keep.removeprefix(name),
                    place,
                    xytext=(0, 4),
                    textcoords="offset points",
                    ha="center",
                    fontsize=6,
                    color=colour,
                )
        axis.set(
            xscale="log", xlabel="bytes a row", ylabel={"ece": "ECE %"}.get(measure, f"{measure} %")
        )
        axis.set_xticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].legend(frameon=False)
    figures.save(figure, paths)


def main(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    found = [row for seed in args.seeds for row in run(seed, args.steps, args.teacher_steps)]
    table = pd.DataFrame(found)
    if args.csv:
        table.to_csv(args.csv, index=False, float_format="%.4f")
    draw(table, args.figures)
    print(table.groupby("keep", sort=False).mean().drop(columns="seed").round(4).to_string())


if __name__ == "__main__":
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    made.add_argument("--steps", type=cli.positive_int, default=800, help="of a student")
    made.add_argument("--teacher-steps", type=cli.positive_int, default=1500)
    made.add_argument("--csv", type=Path)
    made.add_argument("--figures", type=Path, nargs="*", default=[])
    main(made.parse_args())
