"""A sweep over settings: a row for each, of which one is chosen without labels."""

import copy
import re
import subprocess
import sys

from distilshift.analysis import selection
from distilshift.files import tables

import inprocess
import pandas as pd
import pytest
import yaml
from copies import ROOT, SMALL
from test_rerun import END, edited

CONFIG = yaml.safe_load("""
image: {size: 8, channels: 1}
domains: {optdigits: {from: optdigits}, mnist5k: {from: mnist5k}}
networks:
  cnn:
    teacher: cnn-4
    student: cnn-2
    sweep: {teacher: {lr: [0.1, 0.2]}, student: {schedule: [cosine]}}
    adaptations: [none, shot]
    training: {teacher: {batch: 16}}
  mlp: {teacher: mlp-8, student: mlp-4}
transfers: [{source: mnist5k, target: optdigits, networks: [cnn, mlp]}]
adaptations: {none: {}, shot: {sweep: {lr: [0.01, 1.0e-05], nesterov: [false]}}}
methods:
  kd:
    adaptations: [shot]
    training: {steps: 7, augmentation: {flip: 0.5}}
    sweep: {augmentation.crop: [0.08, 0.3]}
training: {teacher: {steps: 20}, student: {steps: 20}}
""")


def test_a_point_is_a_row_of_its_own_with_its_setting(read):
    names = read(copy.deepcopy(CONFIG))
    config, trained = names["config"], names["trained_as"]
    cnns = [f"cnn-teacher-lr-{lr}-student-schedule-cosine" for lr in (0.1, 0.2)]
    shots = [f"shot-lr-{lr}-nesterov-false" for lr in ("0.01", "1e-05")]
    assert list(config["networks"]) == [*cnns, "mlp"] == config["transfers"][0]["networks"]
    assert list(config["adaptations"]) == ["none", *shots]
    assert config["networks"][cnns[0]]["adaptations"] == ["none", *shots]
    assert {config["adaptations"][name]["kind"] for name in shots} == {"shot"}
    kds = {f"kd-augmentation.crop-{least}": least for least in (0.08, 0.3)}
    assert list(config["methods"]) == list(kds)
    assert names["students"](cnns[0]) == [(s, kd) for s in shots for kd in kds]
    assert [trained("teacher", name)["lr"] for name in cnns] == [0.1, 0.2]
    assert {trained("teacher", name)["batch"] for name in cnns} == {16}
    assert trained("student", cnns[0])["schedule"] == "cosine"
    assert trained("student", "mlp")["schedule"] == "one-cycle"
    for name, least in kds.items():
        found = trained("student", "mlp", config["methods"][name]["training"])
        assert found["steps"] == 7
        assert (found["augmentation"]["flip"], found["augmentation"]["crop"]) == (0.5, least)
    assert not any("sweep" in of for of in config["methods"].values())


@pytest.mark.parametrize(
    ("section", "name", "given", "line"),
    [
        ("methods", "kd", {"sweep": {"rate": [1]}}, "methods.kd.sweep: unknown key rate"),
        (
            "methods",
            "kd",
            {"sweep": {"lr": [-1]}},
            "methods.kd.sweep.lr.0: got -1; must be above 0",
        ),
        (
            "methods",
            "kd",
            {"sweep": {"lr": []}},
            "methods.kd.sweep.lr: got []; must hold at least 1",
        ),
        ("adaptations", "none", {"sweep": {"lr": [1]}}, "adaptations.none.sweep: is given for"),
        (
            "adaptations",
            "shot-lr-0.01-nesterov-false",
            {"kind": "im"},
            "is also the name of a point",
        ),
        ("adaptations", "two", {"combine": "mean", "of": ["none", "shot"]}, "shot is a sweep"),
        ("networks", "mlp", {"sweep": {"lr": [1]}}, "networks.mlp.sweep: unknown key lr"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(read, section, name, given, line):
    config = copy.deepcopy(CONFIG)
    config[section][name] = {**config[section].get(name, {}), **given}
    with pytest.raises(SystemExit, match=line.replace("[", r"\[").replace(".", "[.]")):
        read(config)


def test_a_sweep_is_not_judged_by_labels_of_the_target(read):
    config = {**copy.deepcopy(CONFIG), "requirement": {"criterion": "oracle_accuracy"}}
    with pytest.raises(SystemExit, match="judged without labels"):
        read(config)
    for section in ("networks", "adaptations", "methods"):
        for of in config[section].values():
            of.pop("sweep", None)
    read(config)


def test_a_rank_within_a_cell_judges_no_sweep_of_networks(read):
    config = {**copy.deepcopy(CONFIG), "requirement": {"criterion": "teacher_first"}}
    with pytest.raises(SystemExit) as caught:
        read(copy.deepcopy(config))
    (line,) = str(caught.value).split("\n")
    assert line.startswith("config: requirement.criterion: got teacher_first; ")
    assert "networks.cnn is a sweep" in line
    del config["networks"]["cnn"]["sweep"]
    read(config)  # of adaptations and methods the cell is one


def test_a_value_more_runs_its_own_jobs_and_what_joins_them(finished):
    kd = "methods: {kd: {loss: kd, temperature: 3.0}}"
    swept = "methods: {kd: {loss: kd, temperature: 3.0}, other: {sweep: {lr: [0.01, 0.02]}}}"
    with edited(finished, "tests/config.yaml", kd, swept):
        planned = finished.planned(*SMALL)
    points = 3 * 2  # students: two adaptations of the cnn, one of the mlp
    joined = {"predict": 2, "evaluate": 2, "validate": 2}
    assert planned.pop("distill_student") == points
    assert planned.pop("select_settings") == 1
    assert {rule: planned.pop(rule) for rule in joined} == joined
    # and figures that a second method brings
    assert {*planned} <= {*END, "plot_matrix", "plot_ranks"} - {"plot_domains"}
    assert set(planned.values()) == {1}


def students(*rows):
    """(network, method, seed, value, collapsed) as select_round writes them."""
    known = dict.fromkeys(tables.SELECTION, "") | {"criterion": "snd", "adaptation": "none"}
    names = ("network", "method", "seed", "value", "collapsed")
    return pd.DataFrame([{**known, **dict(zip(names, row, strict=True))} for row in rows])


ROWS = [
    ("cnn", "kd-lr-1", 0, 1.0, False),
    ("cnn", "kd-lr-1", 1, 3.0, False),
    ("cnn", "kd-lr-2", 0, 9.0, True),
    ("cnn", "kd-lr-2", 1, 9.0, False),
    ("cnn", "kd-lr-3", 0, 2.5, False),
    ("cnn", "kd-lr-3", 1, 0.5, False),
    ("mlp", "kd-lr-1", 0, 0.1, True),
    ("mlp", "kd-lr-2", 0, 0.2, True),
    ("mlp", "plain", 0, 99.0, False),
]
FAMILIES = {"network": {}, "adaptation": {}, "method": {f"kd-lr-{n}": "kd" for n in (1, 2, 3)}}


def test_the_largest_mean_over_seeds_is_chosen_of_what_has_not_collapsed():
    found = selection.settings(students(*ROWS), FAMILIES)
    assert list(found["sweep of method"].unique()) == ["kd"]
    chosen = found[found["chosen"]].set_index("network")["method"]
    assert chosen.to_dict() == {"cnn": "kd-lr-1", "mlp": "kd-lr-2"}
    assert len(found) == 5
    first = found.iloc[0]
    assert (first["seeds"], first["collapsed"], first["value"]) == (2, 0, 2.0)


@pytest.mark.parametrize("criterion", ["snd", "oracle_accuracy"])
def test_the_script_writes_the_points_or_refuses_the_oracle(tmp_path, criterion):
    path, out = tmp_path / "selection.parquet", tmp_path / "sweeps.csv"
    given = students(*ROWS).assign(criterion=criterion)
    given["round"] = 1
    tables.write(given, path)
    flags = [f"--method={point}={name}" for point, name in FAMILIES["method"].items()]
    script = ROOT / "scripts/select_settings.py"
    command = [sys.executable, script, "--selection", path, *flags, "--csv", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if criterion == "snd":
        assert done.returncode == 0, done.stderr
        assert pd.read_csv(out)["chosen"].sum() == 2
    else:
        assert done.returncode == 1
        assert "reads labels of the target" in done.stderr
        assert not out.exists()


def test_the_script_refuses_a_rank_within_a_cell_for_networks(tmp_path):
    path, out = tmp_path / "selection.parquet", tmp_path / "sweeps.csv"
    given = students(*ROWS).assign(criterion="teacher_first")
    given["round"] = 1
    tables.write(given, path)
    of_methods = [f"--method={point}={name}" for point, name in FAMILIES["method"].items()]
    args = [f"--selection={path}", f"--csv={out}"]
    code, said = inprocess.call(
        "select_settings", [*args, "--network=cnn=net", "--network=mlp=net"]
    )
    assert code == 1 and "teacher_first, a rank within one network's cell" in said
    assert not out.exists()
    assert inprocess.call("select_settings", [*args, *of_methods])[0] == 0


THINNED = yaml.safe_load("""
image: {size: 8, channels: 1}
labels: [1, 5]
domains:
  optdigits: {from: optdigits}
  mnist5k: {from: mnist5k}
  noisy: {from: optdigits, shift: [{kind: noise, strength: 0.1}]}
  few: {from: optdigits, sweep: {kind: fewer_rows, strengths: [2, 50]}}
  few-noisy:
    from: optdigits
    shift: [{kind: noise, strength: 0.1}, {kind: fewer_classes, strength: 0.5}]
networks: {cnn: {teacher: cnn-4, student: cnn-2+4}}  # a bottleneck's BatchNorm wants two rows
transfers:
  - {source: mnist5k, target: few, networks: [cnn]}
  - {source: mnist5k, target: few-noisy, networks: [cnn]}
adaptations: {none: {}}
methods: {kd: {}}
training: {teacher: {steps: 20}, student: {steps: 20}}
""")


def test_the_oracle_of_a_thinned_target_learns_from_all_its_rows(read):
    names = read(copy.deepcopy(THINNED))
    assert [names["whole"](n) for n in ("few-2", "few-50", "few-noisy", "noisy")] == [
        *("optdigits", "optdigits", "noisy", "noisy"),
    ]
    assert not names["said"]  # the whole is used, though it is in no transfer
    assert names["few_labels"]("few-50") == [] and names["few_labels"]("noisy") == [1, 5]


def test_a_target_of_fewer_subdomains_has_the_oracle_of_all(read):
    config = copy.deepcopy(THINNED)
    parts = [{"kind": "noise", "strength": 0.1, "subdomain": 1}]
    config["domains"]["noisy"]["shift"] = parts
    config["domains"]["few-noisy"]["shift"] = [
        *parts,
        {"kind": "fewer_subdomains", "strength": 0.5},
    ]
    names = read(config)
    assert names["whole"]("few-noisy") == "noisy"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("domains", "noisy", "from", "mnist5k"), "domains.few-noisy: is thinned, and its oracle"),
        (("domains", "few", "sweep", {"kind": "fewer_rows", "strengths": [0.5]}), "whole number"),
        (("domains", "few", "sweep", {"kind": "fewer_rows", "strengths": [1]}), "got 1 row a step"),
        (
            ("domains", "few-noisy", "shift", [{"kind": "fewer_subdomains", "strength": 0.5}]),
            "domains.few-noisy: fewer_subdomains is to thin it, and none of its shifts has",
        ),
        (
            ("domains", "noisy", "shift", [{"kind": "label_set", "strength": 0, "subdomain": 1}]),
            "domains.noisy.shift: label_set chooses among all rows",
        ),
        (
            ("domains", "noisy", "shift", [{"kind": "noise", "strength": 0, "subdomain": 0.5}]),
            "domains.noisy.shift.0.subdomain: got 0.5",
        ),
        (("labels", [0]), "labels.0: got 0; must be at least 1"),
        (("methods", {"oracle-5": {}}), "got the name oracle-5"),
    ],
)
def test_a_thinned_target_or_few_labels_that_cannot_be_are_refused(read, change, said):
    config = copy.deepcopy(THINNED)
    *way, last, value = change
    at = config
    for key in way:
        at = at[key]
    at[last] = value
    with pytest.raises(SystemExit, match=re.escape(said)):
        read(config)
