"""Published protocols: the experiments' files against the papers' formulas, and small runs.

What the rates, groups of weights and views are is computed by the library from what the
workflow makes of each file, and held against formulas that are written out here.
"""

import re
from pathlib import Path

from distilshift import model_names, networks
from distilshift.image.settings import View
from distilshift.learning import optimisation
from distilshift.learning.settings import Training

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]


def shot(p, i):
    """SHOT's: (1 + 10 p)^-0.75 over the run."""
    return (1 + 10 * p) ** -0.75


def thuml(gamma):
    """Transfer-Learning-Library's: (1 + gamma i)^-0.75 at step i."""
    return lambda p, i: (1 + gamma * i) ** -0.75


def dine(p, i):
    """Of DINE's student: (1 + 10 p)^-1.5."""
    return (1 + 10 * p) ** -1.5


SHIFTED, CROPPED, NONE = "a random crop of 224 of 256", "crops of 8 % and more", "none"
SHOT = {"decay": shot, "batch": 64, "wd": 0.001, "body": 0.1}
THUML = {"body": 0.1, "batch": 32}
# file, network, role or adaptation -> what the paper, or its authors' program, says. lr is that of
# the head; passes are epochs, else steps
PROTOCOLS = {
    ("office31", "shot", "teacher"): {**SHOT, "lr": 0.01, "epochs": 100, "views": SHIFTED},
    ("office31", "shot", "shot"): {**SHOT, "lr": 0.01, "epochs": 15, "views": SHIFTED},
    ("office31", "cdan", "teacher"): {
        **THUML,
        "decay": thuml(0.0003),
        "lr": 0.001,
        "wd": 0.0005,
        "steps": 2500,
        "views": CROPPED,
    },
    ("office31", "cdan", "cdan"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.01,
        "wd": 0.001,
        "steps": 20_000,
        "views": CROPPED,
    },
    ("office31", "mcc", "mcc"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.005,
        "wd": 0.001,
        "steps": 10_000,
        "batch": 36,
        "views": CROPPED,
    },
    ("office-home", "shot", "teacher"): {**SHOT, "lr": 0.01, "epochs": 50, "views": SHIFTED},
    ("office-home", "shot", "shot"): {**SHOT, "lr": 0.01, "epochs": 15, "views": SHIFTED},
    ("office-home", "cdan", "cdan"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.01,
        "wd": 0.001,
        "steps": 30_000,
        "views": CROPPED,
    },
    ("office-home", "mcc", "mcc"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.005,
        "wd": 0.001,
        "steps": 30_000,
        "batch": 36,
        "views": CROPPED,
    },
    ("office-home-dine", "resnet", "teacher"): {**SHOT, "lr": 0.01, "epochs": 50, "views": SHIFTED},
    ("office-home-dine", "resnet", "student"): {
        **SHOT,
        "decay": dine,
        "lr": 0.01,
        "steps": 2100,
        "views": SHIFTED,
    },
    ("visda", "shot", "teacher"): {**SHOT, "lr": 0.001, "epochs": 10, "views": SHIFTED},
    ("visda", "shot", "shot"): {**SHOT, "lr": 0.001, "epochs": 15, "views": SHIFTED},
    ("visda", "tllib", "cdan"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.01,
        "wd": 0.001,
        "steps": 30_000,
        "views": NONE,
    },
    ("visda", "tllib", "mcc"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.002,
        "wd": 0.001,
        "steps": 30_000,
        "batch": 36,
        "views": NONE,
    },
    ("domainnet", "cdan", "teacher"): {
        **THUML,
        "decay": thuml(0.0003),
        "lr": 0.01,
        "wd": 0.0005,
        "steps": 50_000,
        "views": CROPPED,
    },
    ("domainnet", "cdan", "cdan"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.01,
        "wd": 0.001,
        "steps": 75_000,
        "views": CROPPED,
    },
    ("domainnet", "mcc", "mcc"): {
        **THUML,
        "decay": thuml(0.001),
        "lr": 0.005,
        "wd": 0.001,
        "steps": 75_000,
        "views": CROPPED,
    },
    ("digits", "dtn", "teacher"): {**SHOT, "body": 1, "lr": 0.01, "epochs": 30, "views": NONE},
    ("digits", "dtn", "shot"): {**SHOT, "body": 1, "lr": 0.01, "epochs": 30, "views": NONE},
    ("digits-usps", "from-mnist", "shot"): {
        **SHOT,
        "body": 1,
        "lr": 0.01,
        "epochs": 30,
        "views": NONE,
    },
}
FILES = sorted({file for file, _, _ in PROTOCOLS} | {"cifar10-corruptions"})


def experiment(name):
    return yaml.safe_load((ROOT / "experiments" / f"{name}.yaml").read_text(encoding="utf-8"))


def trained(names, network, what):
    """The settings of a network's training in a role, or by an adaptation; and its views."""
    config = names["config"]
    is_adaptation = what in config["adaptations"]
    more = config["adaptations"][what].get("training") if is_adaptation else None
    role = "adaptation" if is_adaptation else what
    given = dict(names["trained_as"](role, network, more))
    ranges = View(**given.pop("augmentation"))
    return Training(**given), ranges


@pytest.mark.parametrize("case", PROTOCOLS, ids="-".join)
def test_rates_groups_and_views_are_those_of_the_protocol(read, case):
    file, network, what = case
    expected = PROTOCOLS[case]
    names = read(experiment(file))
    how, ranges = trained(names, network, what)
    assert (how.batch, how.weight_decay) == (expected["batch"], expected["wd"])
    assert (how.optimizer, how.momentum, how.nesterov) == ("sgd", 0.9, True)
    assert how.epochs == expected.get("epochs", 0)
    steps = expected.get("steps", 1000)
    assert "epochs" in expected or how.steps == steps
    # a network with a bottleneck, as the file's have: it and the head are new
    model = networks.build("mlp-4+3", 2, "image", {"size": 4, "channels": 1}, seed=0)
    optimizer = optimisation.optimizer(model, how)
    rates = {
        id(parameter): group["lr"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    lr, body = expected["lr"], expected["lr"] * expected["body"]
    assert all(rates[id(p)] == pytest.approx(body) for p in model.body.parameters())
    new = [*model.neck.parameters(), *model.head.parameters()]
    assert all(rates[id(p)] == pytest.approx(lr) for p in new)
    factor = optimisation.factor(how, steps)
    for at in (0, 1, steps // 3, steps // 2, steps - 1):
        assert factor(at) == pytest.approx(expected["decay"](at / steps, at)), at
    pair = names["config"]["networks"][network]
    seen = model_names.parts(pair["student" if what == "student" else "teacher"])[2]
    side, kept = model_names.sides(seen) or (0, 0)
    size = names["config"]["image"]["size"]
    if expected["views"] == SHIFTED:
        assert (side, kept, size) == (224, 256, 256)
        assert ranges.translation * size == (256 - 224) / 2
        assert (ranges.flip, ranges.crop) == (0.5, 1)
    elif expected["views"] == CROPPED:
        assert (side, kept) == (224, 224) and (ranges.flip, ranges.crop) == (0.5, 0.08)
        assert ranges.translation == 0
    else:
        assert (ranges.translation, ranges.crop) == (0, 1)
    assert (ranges.rotation, ranges.scale) == (0, 0)


def test_tents_protocol(read):
    names = read(experiment("cifar10-corruptions"))
    how, ranges = trained(names, "wide", "tent")
    assert (how.optimizer, how.lr, how.batch, how.weight_decay) == ("adamw", 0.001, 200, 0)
    assert how.epochs == 1 and how.schedule == "constant"
    assert (ranges.translation, ranges.rotation, ranges.scale, ranges.flip) == (0, 0, 0, 0)
    how, ranges = trained(names, "wide", "teacher")
    assert (how.optimizer, how.lr, how.batch, how.weight_decay) == ("sgd", 0.1, 128, 0.0005)
    assert how.epochs == 200 and ranges.translation * 32 == 4 and ranges.flip == 0.5


def test_visda_is_judged_by_the_mean_over_its_classes():
    assert experiment("visda")["headline"] == "balanced_accuracy"


# ---- small runs: made pictures in the folders of the true sets, networks that this machine bears


def small(model):
    """A small body, with neck and middle as there, at the size of the made pictures."""
    model = re.sub(r"resnet\d+:IMAGENET1K_V1", "cnn-4", model)
    model = re.sub(r"\+\d+", "+8", model).replace("@224/256", "@32/36").replace("@224", "@32")
    return model.replace("wrn-28-10", "wrn-10-1").replace("cnn-32", "cnn-2")


def shortened(training):
    """A training of two steps, or of one pass where passes count."""
    passes = training.get("epochs", 0) > 0
    return {**training, "batch": 4, **({"epochs": 1} if passes else {"steps": 2})}


def miniature(name):
    """The experiment with its first transfer alone, in two steps."""
    config = experiment(name)
    config.pop("headline", None)
    config |= {"results": "results", "seeds": [0], "archive_dir": "data", "device": "cpu"}
    config["image"]["size"] = min(40, config["image"]["size"])
    first = config["transfers"][0]
    config["transfers"] = [first]
    config["domains"] = {
        name: config["domains"][name] for name in (first["source"], first["target"])
    }
    for name, domain in config["domains"].items():
        if not domain["from"].startswith(("office", "visda", "domainnet")):
            domain["from"] = {"folder": "data/made", "domain": name}
    config["networks"] = {name: config["networks"][name] for name in first["networks"]}
    used = {"none"}
    for network in config["networks"].values():
        network |= {role: small(network[role]) for role in ("teacher", "student")}
        network["training"] = {
            role: {**given, "batch": 4, **({"steps": 2} if "steps" in given else {})}
            for role, given in network.get("training", {}).items()
        }
        used |= set(network.get("adaptations", config["adaptations"]))
    config["adaptations"] = {
        a: config["adaptations"][a] for a in config["adaptations"] if a in used
    }
    for adaptation in config["adaptations"].values():
        if "training" in adaptation:
            adaptation["training"] |= {"batch": 4}
            adaptation["training"] |= {"steps": 2} if "steps" in adaptation["training"] else {}
    config["training"] = {role: shortened(given) for role, given in config["training"].items()}
    return config


def pictures(folder, seed):
    """Three classes of six pictures."""
    generator = np.random.default_rng(seed)
    for name in ("back_pack", "bike", "mug"):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            content = generator.integers(0, 256, (44, 52, 3), dtype=np.uint8)
            Image.fromarray(content).save(folder / name / f"frame_{number:04}.jpg")


PLACES = {
    "office31": "office31/{}/images",
    "office-home": "office-home/{}",
    "visda2017": "visda2017/{}",
    "domainnet": "domainnet/{}",
}
SPELT = {"art": "Art", "clipart": "Clipart"}


@pytest.mark.parametrize("name", FILES)
def test_a_miniature_of_each_runs_to_its_ladder(tmp_path, name):
    config = miniature(name)
    for number, (domain, given) in enumerate(config["domains"].items()):
        place = f"made/{domain}"
        if isinstance(given["from"], str):
            of = next(one for one in PLACES if given["from"].startswith(one))
            folder = given["from"].removeprefix(f"{of}-")
            place = PLACES[of].format(SPELT[folder] if of == "office-home" else folder)
        pictures(tmp_path / "run" / "data" / place, number)
    project = tiny.project(tmp_path / "run", **config)
    keep = {**config, "training": {"adaptation": {}, **config["training"]}}
    (project / "experiment.yaml").write_text(yaml.safe_dump(keep), encoding="utf-8")
    tiny.snakemake(project, "--cores", 2, "results/tables/ladder.csv")
    ladder = pd.read_csv(project / "results/tables/ladder.csv")
    rows = set(ladder["adaptation"].dropna())
    assert rows == set(config["adaptations"])
    assert {"oracle", "source-only"} <= set(ladder["method"])
    assert torch.isfinite(torch.tensor(ladder["accuracy"].to_numpy())).all()
