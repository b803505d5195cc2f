"""The figures of shifts: the dial over strengths, the gallery."""

import plot_dial
import plot_gallery
from distilshift.errors import InputError
from distilshift.files import tables, tensors
from distilshift.image import shifts

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image


def run(script, *flags):
    script.main(script.parser().parse_args([str(flag) for flag in flags]))


def metrics(path):
    lines = []
    for kind in ("rotation", "fog"):
        for number, strength in enumerate((1, 2, 3)):
            for method, value in (
                ("source-only", 0.8 - 0.2 * number),
                ("kd", 0.85 - 0.25 * number),
                ("oracle", 0.9),
            ):
                lines.append(
                    dict.fromkeys(tables.METRICS)
                    | {
                        "transfer": f"a-to-a-{kind}-{strength}",
                        "source": "a",
                        "target": f"a-{kind}-{strength}",
                        "network": "cnn",
                        "adaptation": "none" if method == "kd" else None,
                        "method": method,
                        "round": 1,
                        "seed": 0,
                        "domain": "target",
                        "split": "test",
                        "metric": "accuracy",
                        "value": value,
                    }
                )
    tables.write(pd.DataFrame(lines), path)


def test_the_dial_is_drawn_and_refuses_other_targets(tmp_path, capsys):
    metrics(tmp_path / "metrics.parquet")
    targets = [f"a-{kind}-{s}={kind}:{s}" for kind in ("rotation", "fog") for s in (1, 2, 3)]
    figure = tmp_path / "dial.png"
    known = ["--metrics", tmp_path / "metrics.parquet", "--figures", figure, "--targets"]
    run(plot_dial, *known, *targets)
    picture = np.asarray(Image.open(figure).convert("RGB")).reshape(-1, 3)
    for colour in ((0xD5, 0x5E, 0), (0, 0x72, 0xB2), (0, 0x9E, 0x73)):
        assert (picture == colour).all(1).sum() > 50
    first = figure.read_bytes()
    run(plot_dial, *known, *targets)
    assert figure.read_bytes() == first
    with pytest.raises(InputError, match="has one of these targets"):
        run(plot_dial, *known, "b-rotation-1=rotation:1")
    with pytest.raises(SystemExit):
        run(plot_dial, *known, "rotation")
    assert "not domain=kind:NUMBER" in capsys.readouterr().err


def test_the_gallery_shows_every_shift(tmp_path):
    images = {"inputs": torch.full((1, 3, 12, 12), 99, dtype=torch.uint8), "ids": torch.arange(1)}
    tensors.save(tmp_path / "images", "dataset inputs", images, {})
    figure = tmp_path / "gallery.svg"
    flags = ["--inputs", tmp_path / "images", "--figures", figure]
    run(plot_gallery, *flags)
    text = figure.read_text()
    for kind in shifts.SHIFTS:
        assert f"<!-- {kind.split('_')[0]}" in text, kind
    with pytest.raises(InputError, match="--row: is 1"):
        run(plot_gallery, *flags, "--row", 1)
