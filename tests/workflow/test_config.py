"""A mistake in the config is refused before the first job, in one line.

The files that read the config are run here as Snakemake runs them, but for rules, since a
start of Snakemake takes seconds; one test of each way in starts it.
"""

import copy
import datetime
import json
import math
import re
import subprocess
import sys
import types
import unicodedata
from pathlib import Path

import publish
from distilshift.analysis import written
from distilshift.data import folders

import pytest
import tiny
import yaml
from snakemake.iocontainers import Wildcards

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load("""
seeds: [0]
image: {size: 8, channels: 1}
domains:
  a: {from: optdigits}
  b: {from: optdigits, shift: [{kind: noise, strength: 0.2}]}
networks: {cnn: {teacher: cnn-4, student: cnn-2}}
transfers: [{source: a, target: b, networks: [cnn]}]
adaptations: {none: {}}
methods: {kd: {}}
training: {teacher: {steps: 20, batch: 32}, student: {steps: 20, batch: 32}}
""")


def changed(changes):
    """The config with values put at paths such as ``training.student.steps``."""
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *parts, last = path.split(".")
        at = config
        for part in parts:
            at = at[int(part)] if isinstance(at, list) else at.setdefault(part, {})
        at[last] = copy.deepcopy(value)
    return config


def mistakes(read, config, **options):
    with pytest.raises(SystemExit) as caught:
        read(config, **options)
    return str(caught.value).split("\n")


def test_the_config_itself_is_right(read):
    assert read(changed({}))["said"] == []


def test_a_method_that_is_named_as_a_loss_has_it(read):
    """It had kd, in silence."""
    methods = {"dist": {}, "dkd": {"temperature": 4.0}, "mine": {}, "hard": {"loss": "kd"}}
    found = read(changed({"methods": methods}))["config"]["methods"]
    losses = {name: method["loss"] for name, method in found.items()}
    assert losses == {"dist": "dist", "dkd": "dkd", "mine": "kd", "hard": "kd"}


def test_what_figures_says_becomes_flags(read):
    rows = {"kd (none)": "Ours = best", "none": "as it is"}
    figures = {"width": 3.3, "rows": rows, "only": ["kd"], "columns": {"row": "Method"}}
    names = read(changed({"figures": figures}))
    rows = ["--label=kd (none)=Ours = best", "--label=none=as it is", "--only=kd"]
    assert names["width_flags"](None) == ["--width=3.3"]
    assert names["figure_flags"](None) == ["--width=3.3", *rows]
    measured = "--headline=accuracy"
    assert names["table_flags"](None) == [measured, "--heading=row=Method", *rows]
    plain = read(changed({}))
    assert (plain["figure_flags"](None), plain["table_flags"](None)) == ([], [measured])
    other = read(changed({"headline": "macro_f1"}))
    assert other["table_flags"](None) == ["--headline=macro_f1"]


def test_settings_are_those_that_change_numbers(read):
    one = read(changed({}))
    apart = {"results": "b", "device": "cpu", "figures.width": 3, "seeds_a_job": "all"}
    apart["headline"] = "balanced_accuracy"
    other = read(changed({**apart, "experiment": "mine"}))
    assert one["SETTINGS"] == other["SETTINGS"]
    assert read(changed({"methods.kd.temperature": 4.0}))["SETTINGS"] != one["SETTINGS"]
    assert (one["experiment"](None), other["experiment"](None)) == ("results", "mine")


def test_what_a_run_records_is_of_the_config_that_it_is_made_from(read):
    """Else no results could be published."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    for path in (ROOT / "config.yaml", *sorted((ROOT / "experiments").glob("*.yaml"))):
        config = yaml.safe_load(path.read_text("utf-8"))
        used = json.loads(read(copy.deepcopy(config))["SETTINGS"])
        given = {key: config[key] for key in config if key not in publish.APART}
        assert written.differing(given, used, schema) == [], path.name


def test_a_network_of_ones_own_is_an_input_by_content(read, tmp_path):
    """A checkpoint and a module of the user's, as jobs are told them."""
    (tmp_path / "mine.py").write_text("def build(classes): ...")
    (tmp_path / "start.pth").write_bytes(b"weights")
    given = {"model": "cnn-4@16", "weights": "start.pth", "keys": {"net.": ""}, "mean": [0.5]}
    given |= {"deviation": [0.25]}
    names = read(changed({"networks.cnn": {"teacher": given, "student": "mine.py:build"}}))
    cell = types.SimpleNamespace(network="cnn", keys=lambda: ["network"])
    assert names["config"]["networks"]["cnn"]["teacher"] == "cnn-4@16"
    path = names["start_file"]("teacher")(cell)
    told = names["start_flags"]("teacher")(cell, types.SimpleNamespace(start=path))
    assert told == [
        *("--start=start.pth", "--start-keys=net.=", "--start-mean=0.5"),
        "--start-deviation=0.25",
    ]
    assert json.loads(names["SETTINGS"])["starts"]["cnn teacher"]["weights"] == "start.pth"
    before = names["start_content"]("teacher")(cell)
    names["content_of"].cache_clear()
    (tmp_path / "start.pth").write_bytes(b"others")
    assert names["start_content"]("teacher")(cell) != before
    assert names["start_file"]("student")(cell) == []
    assert names["start_content"]("student")(cell) == ""
    path = ROOT / "workflow/common/teacher.smk"
    exec(compile(path.read_text(), path, "exec"), names)
    student = names["code"]("train_student.py", names["network_modules"]("student"))(cell)
    assert "mine.py" in student
    content = names["own_content"](names["network_modules"]("student"))
    before = content(cell)
    names["content_of"].cache_clear()
    (tmp_path / "mine.py").write_text("def build(classes, size): ...")
    assert len(before) == 1 and content(cell) != before
    assert names["own_content"](names["network_modules"]("teacher"))(cell) == []
    teacher = names["code"]("train_teacher.py", names["network_modules"]("teacher"))(cell)
    assert "mine.py" not in teacher and any("networks/cnn.py" in path for path in teacher)


@pytest.mark.parametrize("role", ["teacher", "student"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("keys", {"net.": "body."}), ("head", True), ("mean", [0.4]), ("deviation", [0.3])],
)
def test_how_a_checkpoint_is_read_is_held_against_a_result(read, tmp_path, role, key, value):
    """Snakemake compares no parameter that asks for ``input``, as the flags of it do."""
    (tmp_path / "start.pth").write_bytes(b"weights")
    given = {"model": "cnn-4", "weights": "start.pth", "mean": [0.5], "deviation": [0.25]}
    cell = types.SimpleNamespace(network="cnn")
    one, other = (
        read(changed({f"networks.cnn.{role}": start}))["start_content"](role)(cell)
        for start in (given, {**given, key: value})
    )
    assert one != other


@pytest.mark.parametrize(
    ("script", "module"), [("plot_transferred.py", "show"), ("predict.py", "pose")]
)
def test_what_is_loaded_of_a_kind_of_data_is_code_that_a_job_depends_on(read, script, module):
    """Also where the kind has no name of its own: ``kinds.load(...).show``."""
    assert any(p.endswith(f"image/{module}.py") for p in read(changed({}))["closure"](script))


def test_every_rule_that_may_read_files_of_ones_own_asks_for_their_content():
    """An input's age is not asked: without its content as a parameter nothing would rerun."""
    found = 0
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"^(?=rule |use rule )", path.read_text(), flags=re.M):
            used = re.search(
                r'code=code\("\w+\.py", ((?:network_|adaptation_|method_)\S.*)\),', rule
            )
            if used and rule.startswith("rule "):
                found += 1
                assert f"own=own_content({used[1]})," in rule, f"{path.name}: {rule.split(':')[0]}"
    assert found == 12


MLP = {"networks.cnn": {"teacher": "mlp-8", "student": "mlp-4"}}
TWO = {"adaptations": {"none": {}, "adabn": {}}}
FOLDER = {"folder": "pets", "domain": "photo"}
START = {"model": "cnn-4", "weights": "taken", "mean": [0.5], "deviation": [0.5]}
VOTE = {"combine": "mean", "of": ["none", {"source": "c", "adaptation": "none"}]}
SWEEP = {"from": "optdigits", "sweep": {"kind": "noise", "strengths": [0.1, 0.5]}}
FEWER = {"from": "optdigits", "shift": [{"kind": "fewer_rows", "strength": 200}]}
C = {"domains.c": {"from": "optdigits"}}
NAMES = "a-z, 0-9, _, . and -, a letter or digit first"

MISTAKES = [
    # figures
    (
        {"figures": {"only": ["kd (nome)"]}},
        "figures.only: kd (nome) is no row, adaptation or method; did you mean kd (none)? allowed",
    ),
    ({"figures": {"rows": {"oracel": "best"}}}, "figures.rows: oracel is no row"),
    ({"figures": {"order": ["shot"]}}, "figures.order: shot is no row"),
    (
        {"figures": {"only": ["oracle"]}},
        "figures.only: shows no distilled row of cnn; it has kd (none)",
    ),
    (
        {"figures": {"rows": {"kd (none)": "oracle"}}},
        "figures.rows: oracle would be 2 rows of cnn",
    ),
    ({"figures": {"width": 1}}, "figures.width: got 1; must be at least 2"),
    ({"figures": {"columns": {"acc": "Acc."}}}, "figures.columns: got the name acc; allowed: row,"),
    # features
    ({"methods.kd.loss": "fitnet"}, "methods.kd.loss: fitnet needs features in the caches; set"),
    (
        {"methods.kd": {"loss": "fitnet", "views": "online"}, "logits.features": True},
        "methods.kd.views: got online; fitnet learns from features of a cache",
    ),
    (
        {"methods.kd": {"loss": "fitnet", "budget": "top1"}, "logits.features": True},
        "methods.kd.budget: got top1; fitnet sees more of a teacher; allowed: full",
    ),
    # networks
    ({"networks.cnn.student": "timm/restnet18"}, "timm has no such network; near: "),
    ({"networks.cnn.student": "mine.py:build"}, "student: there is no file mine.py; paths start"),
    (
        {"networks.cnn.teacher": {"model": "cnn-4", "weights": "my/cnn.safetensors"}},
        "networks.cnn.teacher: there is no file my/cnn.safetensors",
    ),
    (
        {"networks.cnn.teacher": {"model": "cnn-4", "weight": "my/cnn.safetensors"}},
        "networks.cnn.teacher: unknown key weight; did you mean weights?",
    ),
    (
        {"image.channels": 3, "networks.cnn.teacher": START | {"mean": [0.5, 0.5]}},
        "networks.cnn.teacher.mean: got 2 values; image.channels is 3; allowed: 1 or 3",
    ),
    (
        {"networks.cnn.teacher": START | {"deviation": [0.5, 0.5, 0.5]}},
        "networks.cnn.teacher.deviation: got 3 values; image.channels is 1; allowed: 1",
    ),
    (
        {"image.channels": 3, "networks.cnn.teacher": START | {"deviation": [0, 0.5, 0.5]}},
        "networks.cnn.teacher.deviation.0: got 0; must be above 0",
    ),
    ({"networks.cnn.student": "efficientnet_lite0:BEST"}, "weights; allowed: IMAGENET"),
    ({"networks.cnn.student": "cmm-16"}, "networks.cnn.student: got cmm-16; unknown; allowed: cnn"),
    ({"networks.cnn.student": "resnett18"}, "unknown; allowed: resnet18"),
    ({"networks.cnn.student": "cnn-0"}, "got cnn-0; sizes must be positive integers, e.g. cnn-16"),
    ({"networks.cnn.student": "cnn-4-4"}, "cnn does not take the sizes 4, 4; it has 1"),
    ({"networks.cnn.student": "resnet18"}, "got resnet18; needs 3 channels, got 1"),
    ({"networks.cnn.student": "squeezenet1_0"}, "got squeezenet1_0; has no linear head"),
    ({"networks.cnn.student": "resnet18:IMAGENET"}, "has no such weights; allowed: IMAGENET1K_V1"),
    ({"networks.cnn.student": "lenet"}, "got lenet; takes images of at least 16 pixels a side"),
    ({"networks.cnn.student": "lenet@12"}, "got lenet@12; takes images of at least 16 pixels"),
    ({"image": {"size": 32}, "networks.cnn.teacher": "vit_b_16"}, "takes images of 224 pixels"),
    (
        {"image.size": 16, "networks.cnn.student": "lenet", "training.student.batch": 1},
        "training.student.batch: got 1 row a step; networks.cnn.student is lenet, whose BatchNorm",
    ),
    (
        {"image.size": 4, "training.teacher.batch": 1},
        "training.teacher.batch: got 1 row a step; networks.cnn.teacher is cnn-4",
    ),
    (
        {"image.size": 4, "training.adaptation": {"batch": 1}, "adaptations": {"shot": {}}},
        "training.adaptation.batch: got 1 row a step; networks.cnn.teacher is cnn-4",
    ),
    (
        {"image.size": 4, "split": {"most_train": 1}},
        "training.teacher.batch: got 1 row a step",
    ),
    (MLP | TWO, "adabn needs BatchNorm and mlp-8 has none; give it adaptations: [none]"),
    (
        MLP | {"adaptations": {"none": {}, "mine": {"kind": "tent"}}},
        "networks.cnn: mine needs layers that normalise and mlp-8 has none",
    ),
    (
        {"adaptations": {"none": {}, "naive-bayes": {}}},
        "networks.cnn: naive-bayes needs a bag of parts, such as bag-64 of words, and cnn-",
    ),
    (
        {"adaptations": {"none": {}, "spread": {"kind": "label-spreading", "guard": True}}},
        "adaptations.spread.guard: tells nothing of label-spreading",
    ),
    (
        {"adaptations": {"none": {}, "still": {"kind": "adabn", "pose": True, "guard": True}}},
        "adaptations.still.guard: tells nothing of adabn, whose runs are all alike; leave it out",
    ),
    (
        {"adaptations": {"none": {}, "adabn": {"weight": 3.0}}},
        "adaptations.adabn.weight: is given for adabn, which is not trained",
    ),
    (
        {"adaptations": {"none": {}, "still": {"kind": "adabn", "training": {"lr": 0.5}}}},
        "adaptations.still.training: is given for adabn, which is not trained",
    ),
    (
        {"adaptations": {"none": {}, "adabn": {"sweep": {"lr": [0.5, 0.1]}}}},
        "adaptations.adabn.sweep: is given for adabn, which is not trained",
    ),
    (
        {"methods.hard": {"temperature": 2.0}},
        "methods.hard.temperature: plays no part in hard; leave it out",
    ),
    # classes
    (
        {"domains.a.classes": ["0", "1"]},
        "transfers: a and b must have the same classes in the same order; got a: 0, 1; b: 0, 1, 2",
    ),
    (
        {"domains.a.classes": ["0", "1"], "domains.b.classes": ["1", "0"]},
        "got a: 0, 1; b: 1, 0; domains.<name>.classes chooses them",
    ),
    ({"domains.b.from": "cifar10.1"}, "a and b must have the same classes"),
    ({"domains.a.classes": ["1", "l"]}, "domains.a.classes: got l; allowed: 0, 1, 2"),
    (
        {
            "domains.a.classes": ["0", "1"],
            "domains.b.classes": ["0", "1"],
            "methods.kd.loss": "dist",
        },
        "methods.kd.loss: dist needs 3 classes or more; b has 2",
    ),
    (
        {"domains.a.classes": ["0", "1", "2"], "domains.b.classes": ["0", "1", "2"],
         "methods.kd.budget": "top9"},
        "methods.kd.budget: top9 of 3 classes is all of them; set full",
    ),
    ({"methods.kd.budget": "top10"}, "methods.kd.budget: top10 of 10 classes is all of them"),
    # numbers
    ({"training.student.steps": 20.0}, "steps: got 20.0; must be a whole number, written 20"),
    ({"seeds": [1.0]}, "seeds.0: got 1.0; must be a whole number, written 1"),
    ({"seeds": [True]}, "seeds.0: got true; must be a whole number"),
    ({"image.channels": 1.0}, "image.channels: got 1.0; must be a whole number"),
    ({"training.student.lr": math.nan}, "training.student.lr: got nan; must be a finite number"),
    ({"methods.kd.temperature": math.inf}, "temperature: got inf; must be a finite number"),
    ({"methods.kd.temperature": 0}, "methods.kd.temperature: got 0; must be above 0"),
    ({"training.student.lr": "1e-3"}, "lr: got 1e-3; must be a number (write 0.001; YAML reads"),
    ({"seeds": [2**63]}, "seeds.0: got 9223372036854775808; must be at most 9007199254740991"),
    ({"split": {"seed": 2**53}}, "split.seed: got 9007199254740992; must be at most"),
    ({"domains.b.shift.0.seed": 2**53}, "domains.b.shift.0.seed: got 9007199254740992"),
    (
        {"domains.b.shift": [{"kind": "fog", "strength": 3.0}]},
        "domains.b.shift.0.strength: got 3.0; must be a whole number, written 3",
    ),
    ({"domains.b.shift": [{"kind": "scale", "strength": 1}]}, "got 1; must be below 1"),
    ({"domains.b.shift": [{"kind": "label_shift", "strength": 1}]}, "got 1; must be below 1"),
    ({"split": {"most_train": 0}}, "split.most_train: got 0; must be at least 1"),
    # names
    ({"domains.a\n": {"from": "optdigits"}}, 'domains: got "a\\n"; no line break'),
    ({"networks.cnn.student": "cnn-2\n"}, 'networks.cnn.student: got "cnn-2\\n"; no line break'),
    ({"archive_dir": "x\n"}, 'archive_dir: got "x\\n"; no line break'),
    ({"domains.-a": {"from": "optdigits"}}, f"domains: got the name -a; allowed: {NAMES}"),
    ({"domains.a-to": {"from": "optdigits"}}, f"domains: got the name a-to; allowed: {NAMES}"),
    ({"domains.to-b": {"from": "optdigits"}}, f"domains: got the name to-b; allowed: {NAMES}"),
    ({"domains.a-to-b": {"from": "optdigits"}}, "domains: got the name a-to-b"),
    ({"methods." + "k" * 101: {}}, "at most 100"),
    ({"methods.oracle": {}}, "methods: got the name oracle; allowed: another: a row has that name"),
    ({"methods.teacher": {}}, "methods: got the name teacher; allowed: another"),
    # sweeps
    (
        {"domains": {"a": {"from": "optdigits"}, "b": SWEEP, "b-0.1": {"from": "mnist5k"}}},
        "domains.b-0.1: is also the name of a point of a sweep",
    ),
    (
        {"domains.b": SWEEP, "domains.c": SWEEP, "adaptations.vote": VOTE},
        "adaptations.vote.of: c is a sweep, of several domains; name a domain",
    ),
    ({"domains.b": SWEEP, "domains.b.sweep.strengths": [1, 1.0]}, "1 stands there twice"),
    (
        {"domains.b": SWEEP, "domains.b.sweep": {"kind": "fog", "strengths": [6]}},
        "domains.b.sweep.strengths.0: got 6; allowed: 1, 2, 3, 4, 5",
    ),
    ({"domains.b": SWEEP, "domains.b.sweep.strengths": []}, "got []; must hold at least 1"),
    # what would know the target's labels
    (
        {"domains.b": {"from": "optdigits"}},
        "transfers.a-to-b: a has the rows of the target b, whose labels its teacher would know;",
    ),
    (
        {"domains.a": FEWER, "domains.b": {"from": "optdigits"}},
        "transfers.a-to-b: a has the rows of the target b",
    ),
    (
        {"domains.a.classes": list("0123456789"), "domains.b": FEWER},
        "transfers.a-to-b: a has the rows of the target b",
    ),
    (
        {"domains.b.shift.0.strength": 0.1, "domains.c": SWEEP, "transfers.0.target": "c",
         "adaptations.vote": {
            "combine": "mean", "of": ["none", {"source": "b", "adaptation": "none"}]
        }},
        "adaptations.vote.of: b has the rows of the target c-0.1, whose labels",
    ),
    (
        {"domains.c": {"from": "mnist5k"}, "transfers.0.source": "c", "domains.b": FEWER,
         "adaptations.vote": {
            "combine": "mean", "of": ["none", {"source": "a", "adaptation": "none"}]
        }},
        "adaptations.vote.of: a has the rows of the target b, whose labels",
    ),
    (
        {"adaptations.vote": {
            "combine": "mean", "of": ["none", {"source": "b", "adaptation": "none"}]
        }},
        "adaptations.vote.of: b is the target, whose labels its teacher would know",
    ),
    # what would be counted twice
    ({"transfers": CONFIG["transfers"] * 2}, "transfers: {\"source\": \"a\""),
    (
        {"networks.two": {"teacher": "cnn-4", "student": "cnn-2"}, "transfers": [
            {"source": "a", "target": "b", "networks": ["cnn", "two"]},
            {"source": "a", "target": "b", "networks": ["cnn"]},
        ]},
        "transfers: a to b with cnn stands there 2 times",
    ),
    ({"transfers.0.networks": ["cnn", "cnn"]}, "transfers.0.networks: cnn stands there twice"),
    ({"networks.cnn.adaptations": ["none", "none"]}, "adaptations: none stands there twice"),
    ({"methods.kd.adaptations": ["none", "none"]}, "adaptations: none stands there twice"),
    ({"seeds": [0, 0]}, "seeds: 0 stands there twice"),
    ({"domains.a.classes": ["0", "0"]}, "domains.a.classes: 0 stands there twice"),
    ({"domains.a.classes": ["\u00e9", "e\u0301"]}, "domains.a.classes: \u00e9 stands there twice"),
    ({"adaptations.vote": {"combine": "mean", "of": ["none", "none"]}}, "none stands there twice"),
    (
        {"adaptations.vote": {
            "combine": "mean", "of": ["none", {"source": "a", "adaptation": "none"}]
        }},
        "adaptations.vote.of: none from a stands there twice",
    ),
    (
        {"requirement": {"criterion": "teacher_first", "value": 0.5}},
        "requirement.value: got 0.5; teacher_first compares networks of a seed and has no value",
    ),
    (
        {"requirement": {"criterion": "seed_agreement"}, "seeds": [3]},
        "requirement.criterion: seed_agreement compares networks of several seeds; seeds has 3",
    ),
    (
        {"requirement": {"criterion": "seed_agreement", "value": 95}, "seeds": [0, 1]},
        "requirement.value: got 95; seed_agreement is 1 at most",
    ),
    (
        {"requirement": {"criterion": "oracle_accuracy", "value": 95}},
        "requirement.value: got 95; oracle_accuracy is 1 at most",
    ),
    (
        {"requirement": {"criterion": "entropy", "value": 0.5}},
        "requirement.value: got 0.5; entropy is 0 at most",
    ),
    # what would compute nothing
    (
        TWO | {"networks.cnn.adaptations": ["none"], "methods.kd.adaptations": ["adabn"]},
        "networks.cnn: no method distils its teachers (none)",
    ),
    (
        TWO | {"networks.cnn.adaptations": ["none"], "methods.kd2": {"adaptations": ["adabn"]}},
        "methods.kd2: no network has a teacher that it can distil",
    ),
    (
        C | {"adaptations.vote": VOTE, "methods.kd": {"views": "online", "adaptations": ["vote"]},
             "methods.hard": {}},
        "methods.kd.adaptations: vote is a combination; online asks a network",
    ),
    (
        {"adaptations.own": {"logits": "x.parquet"}, "logits": {"views": 1},
         "methods.kd": {"views": "replayed", "adaptations": ["none", "own"]}},
        "methods.kd.adaptations: own is of your own logits, without views to be replayed",
    ),
    (
        C | {"adaptations.vote": VOTE | {"weight": 2}},
        "adaptations.vote.weight: is given for a combination, which is not trained",
    ),
    ({"adaptations.none": {"pose": True}}, "none.pose: is given for the source teacher"),
    # YAML's surprises
    ({"domains": {**CONFIG["domains"], True: {"from": "optdigits"}}}, "the key true as no text"),
    ({"transfers.0.source": True}, "transfers.0.source: got true; must be text: put it in quotes"),
    (
        {"domains.a.classes": [datetime.date(2024, 1, 1), "b"]},
        "domains.a.classes.0: got 2024-01-01; must be text: put it in quotes",
    ),
    ({"methods": None}, "methods: got null; must be a mapping, {} where nothing is said"),
    ({"methods": {}}, "methods: got {}; must hold at least 1"),
    ({"methods": ["kd"]}, 'methods: got ["kd"]; must be a mapping'),
    ({"adaptations.none": None}, "adaptations.none: got null; must be a mapping"),
    ({"transfers": {"source": "a"}}, "must be a list"),
    (
        {"domains.a.from": {"folder": "all.csv", "domain": 2}},
        "domains.a.from.domain: got 2; must be text: put it in quotes",
    ),
    (
        {"adaptations.own": {"logits": {"file": "x.csv"}}},
        "adaptations.own.logits.file: got x.csv; allowed: a Parquet file, <name>.parquet",
    ),
    # near names
    ({"training.student.stepps": 3}, "unknown key stepps; did you mean steps? allowed: steps"),
    ({"methods.kd.loss": "logitstd"}, "got logitstd; did you mean logit-std? allowed: kd"),
    ({"transfers.0.networks": ["cn"]}, "networks: cn is not defined; did you mean cnn?"),
    ({"domains.a.from": "fashionmnist"}, "got fashionmnist; allowed: fashion-mnist"),
    ({"domains.b.shift.0.kind": "nois"}, "shift.0.kind: got nois; did you mean noise? allowed:"),
    ({"domains.b.shift.0.strength": 2}, "domains.b.shift.0.strength: got 2; must be at most 1"),
    ({"domains.a.from": "minst"}, "domains.a.from: got minst; allowed: mnist"),
    # places
    ({"domains.a.from": FOLDER}, "domains.a.from: no folder pets/photo; there is no pets"),
    ({"domains.a.from": {"folder": "x"}}, "domains.a.from: domain must be given; got folder"),
    ({"results": "taken"}, "results: taken is no folder"),
    ({"archive_dir": "taken"}, "archive_dir: taken is no folder"),
    (
        {f"domains.{name}.from": {"folder": "mine", "domain": "photo"} for name in "ab"}
        | {"results": "mine/results"},
        "results: mine/results lies in mine, whose folders are domains and classes",
    ),
    ({"domains.a.from": {"folder": "mine", "domain": "foto"}}, "mine/foto; mine holds photo"),
    (
        {"domains.a.from": {"folder": "taken", "domain": "photo"}},
        "domains.a.from: taken is a file, and image rows lie in folders, <domain>/<class>/*",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), MISTAKES, ids=[says[:60] for _, says in MISTAKES])
def test_a_mistake_is_one_line(read, tmp_path, changes, says):
    (tmp_path / "taken").touch()
    for name in ("cat", "dog"):
        (tmp_path / "mine/photo" / name).mkdir(parents=True)
    lines = mistakes(read, changed(changes))
    assert all(line.startswith("config: ") for line in lines)
    assert any(says in line for line in lines), lines
    assert len(lines) == 1 or (len(lines) < 4 and says in lines[0]), lines


@pytest.mark.parametrize(
    "changes",
    [
        {"image.size": 8, "training.student.batch": 1},  # numbers enough in two pixels a side
        MLP | {"training.student.batch": 1},
        {"networks.cnn.student": "lenet@16"},
        {"image.channels": 3, "networks.cnn.teacher": START | {"mean": [0.5, 0.4, 0.3]}},
        {"domains.a.classes": ["1", "0"], "domains.b.classes": ["1", "0"]},
        {"domains.a.classes": [str(digit) for digit in range(10)]},
        {"domains.a.from": "mnist5k", "domains.b.from": "usps"},
        {"seeds": [2**53 - 1]},
        {"domains.on": {"from": "optdigits"}, "transfers.0.source": "on"},
        TWO | {"training.adaptation": {"batch": 1}, "image.size": 4},  # adabn takes no steps
        C | {"adaptations.vote": VOTE},
        {"networks.cnn.teacher": "cnn-016"},
        {"methods.kd.budget": "top9"},
        {"requirement": {"criterion": "oracle_accuracy", "value": 1}},
        {"requirement": {"criterion": "snd", "value": 2.5}},
        # the teacher of the source is a row whatever the network's adaptations
        TWO
        | {
            "networks.cnn.adaptations": ["adabn"],
            "figures": {"rows": {"teacher (none)": "Source"}, "order": ["teacher (none)"]},
        },
    ],
)
def test_what_works_is_let_through(read, tmp_path, changes):
    (tmp_path / "taken").touch()
    read(changed(changes))


def test_a_class_is_the_same_however_its_accents_are_written(read, tmp_path):
    """As macOS writes a name, with a letter and an accent, and as folders and tables have it."""
    folder, classes = {"folder": "mine", "domain": "photo"}, ["caf\u00e9", "th\u00e9"]
    for name in classes:
        (tmp_path / "mine/photo" / name).mkdir(parents=True)
    apart = [unicodedata.normalize("NFD", name) for name in classes]
    given = [{"from": folder, "classes": one} for one in (classes, apart)]
    given[1]["shift"] = CONFIG["domains"]["b"]["shift"]
    names = read(changed({"domains.a": given[0], "domains.b": given[1]}))
    assert [names["config"]["domains"][name]["classes"] for name in "ab"] == [classes, classes]


def test_what_nothing_uses_is_said_once_and_no_mistake(read):
    unused = {"networks.mlp": {"teacher": "mlp-4", "student": "mlp-4", "adaptations": ["none"]}}
    unused |= C | TWO | {"networks.cnn.adaptations": ["none"]}
    (said,) = read(changed(unused))["said"]
    assert said == "config: nothing uses domains c; networks mlp; adaptations adabn"


def test_a_sweep_of_a_source_has_no_dial(read):
    swept = {"domains.a": {"from": "mnist5k", "sweep": SWEEP["sweep"]}, "domains.b": SWEEP}
    dials = read(changed(swept))["DIALS"]
    assert dials == ["b-0.1=noise:0.1", "b-0.5=noise:0.5"]


def test_a_transfer_that_stands_twice_is_one_for_the_figures(read):
    two = [{"source": "a", "target": "b", "networks": [name]} for name in ("cnn", "mlp")]
    more = {"networks.mlp": {"teacher": "mlp-4", "student": "mlp-4"}, "transfers": two}
    names = read(changed(more))
    assert names["TRANSFERS"] == ["a-to-b"] and len(names["CELLS"]) == 2


def test_classes_are_compared_as_soon_as_a_dataset_is_made(read, tmp_path):
    ends = {"domains.a.from": "office31-dslr", "domains.b.from": "office-home-art"}
    (tmp_path / "data").mkdir()
    config = changed(ends | {"archive_dir": "data"})
    names = read(config)  # nobody knows them yet
    for given, classes in (("office31-dslr", ["mug", "pen"]), ("office-home-art", ["Mug", "Pen"])):
        folder = tmp_path / "results/datasets" / names["dataset_name"](given)
        folder.mkdir(parents=True)
        counts = dict.fromkeys(classes, 3)
        (folder / "manifest.json").write_text(json.dumps({"counts": counts}))
    (line,) = mistakes(read, config)
    assert "got a: mug, pen; b: Mug, Pen" in line


@pytest.mark.parametrize("kind", ["image", "text", "audio"])
def test_classes_of_folders_are_compared_before_a_dataset_is_made(read, tmp_path, kind):
    """The teacher of the source was trained first."""
    for place in ("one/photo/cat", "one/photo/caf\u00e9", "other/sketch/cafe\u0301"):
        (tmp_path / place).mkdir(parents=True)
    ends = {"a": ("one", "photo"), "b": ("other", "sketch")}
    given = {
        f"domains.{name}.from": {"folder": folder, "domain": domain}
        for name, (folder, domain) in ends.items()
    }
    networks = {"audio": {"teacher": "melcnn-2", "student": "melcnn-2"}}
    config = {
        "image": changed,
        "text": texts,
        "audio": lambda changes: texts(changes | {"networks.cnn": networks["audio"]}),
    }[kind](given | {"domains.b.shift": []})
    if kind == "audio":
        config["audio"] = config.pop("text")
    (line,) = mistakes(read, copy.deepcopy(config))
    assert (
        "must have the same classes in the same order; got a: caf\u00e9, cat; b: caf\u00e9;" in line
    )
    # of another domain beside it, which counts for all; what systems leave is no class
    (tmp_path / "other/photo/cat").mkdir(parents=True)
    for name in ("lost+found", ".git", "__MACOSX"):
        (tmp_path / "other/sketch" / name).mkdir()
    (tmp_path / "other/sketch/notes.txt").touch()
    classes = read(config)["folder_classes"]
    for folder, domain in ends.values():
        _, expected = folders.domain(tmp_path / folder, domain, "rows")
        assert classes({"folder": folder, "domain": domain}) == expected


def test_what_differs_between_many_classes_is_named(read, tmp_path):
    for number in range(8):
        (tmp_path / f"one/photo/{number}").mkdir(parents=True)
        (tmp_path / f"other/photo/{number + (number == 7)}").mkdir(parents=True)
    given = {
        f"domains.{name}.from": {"folder": folder, "domain": "photo"}
        for name, folder in (("a", "one"), ("b", "other"))
    }
    (line,) = mistakes(read, changed(given))
    assert "; b: 0, 1, 2, 3, 4, ... (8); a alone has 7; b alone has 8; domains.<name>" in line


def texts(changes):
    """The config with rows that are texts."""
    networks = {"networks.cnn": {"teacher": "bag-4", "student": "bag-2"}}
    config = changed({"text": {}, "domains.b.shift": []} | networks | changes)
    del config["image"]
    return config


def test_rows_without_channels_have_no_normalisation(read, tmp_path):
    (tmp_path / "taken").touch()
    ends = {"domains.a.from": "spam-email", "domains.b.from": "spam-sms"}
    said = mistakes(read, texts(ends | {"networks.cnn.teacher": START | {"model": "bag-4"}}))
    ends = "is for pictures; leave it out for text rows"
    assert said == [f"config: networks.cnn.teacher.{key}: {ends}" for key in ("mean", "deviation")]


def test_classes_of_what_lay_in_a_table_before_are_not_believed(read, tmp_path):
    """They were, and a table that was mended was refused for ever."""
    labels = {"a": ["neg", "neu"], "b": ["neg", "pos"]}
    places = {f"domains.{name}.from": {"folder": f"{name}.csv", "domain": "d"} for name in "ab"}
    for name, of in labels.items():
        lines = [f"x,{label},d" for label in of]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label,domain", *lines]))
    config = texts(places)
    names = read(config)
    for name, of in labels.items():
        dataset = names["dataset_name"](places[f"domains.{name}.from"])
        folder = tmp_path / "results/datasets" / dataset
        folder.mkdir(parents=True)
        made = {"listing": names["listing"](dataset), "counts": dict.fromkeys(of, 1)}
        (folder / "manifest.json").write_text(json.dumps(made))
    (line,) = mistakes(read, config)
    assert "got a: neg, neu; b: neg, pos" in line
    with (tmp_path / "b.csv").open("a") as file:
        file.write("\ny,neu,d")
    read(config)


def test_a_dataset_of_one_class_is_named_by_every_loss(read, tmp_path):
    """A method whose loss is content with two ended in a traceback."""
    config = changed({f"domains.{name}.from": "office31-dslr" for name in "ab"})
    folder = tmp_path / "results/datasets" / read(config)["dataset_name"]("office31-dslr")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"counts": {"mug": 3}}))
    (line,) = mistakes(read, config)
    assert line == "config: methods.kd.loss: kd needs 2 classes or more; b has 1"


def test_a_file_that_no_kind_reads_is_no_folder_that_is_absent(read, tmp_path):
    (tmp_path / "all.tsv").touch()
    given = {f"domains.{name}.from": {"folder": "all.tsv", "domain": name} for name in "ab"}
    for line in mistakes(read, texts(given)):
        assert "from: all.tsv is a file, and of text rows tables are read in the place" in line
        assert line.endswith(": .csv, .jsonl, .parquet")


def test_a_table_that_is_not_there_is_a_file_that_is_not_there(read, tmp_path):
    """It was the folder of a domain in it. What was made of one needs it no more."""
    given = {f"domains.{name}.from": {"folder": f"all-{name}.csv", "domain": "d"} for name in "ab"}
    lines = mistakes(read, texts(given))
    assert lines == [
        f"config: domains.{name}.from: there is no file all-{name}.csv; paths start where the"
        " workflow runs"
        for name in "ab"
    ]
    for name in "ab":
        (tmp_path / f"all-{name}.csv").touch()
    for name in read(texts(given))["DATASETS"]:
        (tmp_path / "results/datasets" / name).mkdir(parents=True)
    (tmp_path / "all-a.csv").unlink()
    read(texts(given))


def test_a_finished_experiment_needs_its_folders_no_more(read, tmp_path):
    ends = {f"domains.{name}.from": FOLDER for name in "ab"}
    assert len(mistakes(read, changed(ends))) == 2
    for name in ("cat", "dog"):
        (tmp_path / "pets/photo" / name).mkdir(parents=True)
    (name,) = read(changed(ends))["DATASETS"]
    for label in ("cat", "dog"):
        (tmp_path / "pets/photo" / label).rmdir()
    (tmp_path / "pets/photo").rmdir()
    (tmp_path / "results/datasets" / name).mkdir(parents=True)
    read(changed(ends))


def test_a_key_that_stands_twice_in_a_file_is_refused(read, tmp_path):
    path = tmp_path / "mine.yaml"
    text = yaml.safe_dump(CONFIG).replace("  a:\n", "  a: {from: mnist5k}\n  a:\n")
    path.write_text(text)
    (line,) = mistakes(read, yaml.safe_load(text), files=[str(path)])
    assert "domains.a: stands twice in" in line and re.search(r"lines \d+ and \d+$", line)


def test_lists_of_the_command_line_hold_numbers(read):
    given = {"seeds": ["7", "8"], "training": {"student": {"steps": "5"}}}
    config = changed({"seeds": ["7", "8"], "training.student.steps": "5"})
    names = read(copy.deepcopy(config), command_line=given)["config"]
    assert names["seeds"] == [7, 8] and names["training"]["student"]["steps"] == 5
    assert len(mistakes(read, config)) == 3  # in a file, text is text


def start(folder, *args):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "-n", "--cores", "1", *args],
        cwd=folder,
        env=tiny.environment(),
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_snakemake_itself_is_told_so(tmp_path):
    """By a file and --config; and by a target that was taken for a config."""
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    (tmp_path / "record.json").write_text('{"loss": 1}')
    code, said = start(tmp_path, "--configfile", "mine.yaml", "--config", "seeds=[7,8]")
    assert (code == 0 and "1 transfer-network pair x 2 seeds" in said) or "seed8" in said, said
    code, said = start(tmp_path, "--configfile", "mine.yaml", "--config", "seeds=[7,7]")
    lines = [line for line in said.splitlines() if line.startswith("config: ")]
    assert code == 1 and lines == ["config: seeds: 7 stands there twice"], said
    code, said = start(tmp_path, "--configfile", "mine.yaml", "record.json")
    (line,) = [line for line in said.splitlines() if line.startswith("config: ")]
    assert code == 1 and "unknown key loss" in line
    assert line.endswith("record.json: a target stands before --configfile")


@pytest.mark.parametrize("seeds_a_job", ["one", "all"])
def test_a_run_keeps_its_state_beside_its_weights(tmp_path, seeds_a_job):
    config = changed({"seeds_a_job": seeds_a_job, "seeds": [3, 4]})
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    code, said = start(tmp_path, "--printshellcmds", "--configfile", "mine.yaml")
    assert code == 0, said
    found = re.findall(r"--state (.*?) +--device.*?--weights (.*?) +--", said)
    assert len(found) == {"one": 8, "all": 4}[seeds_a_job]
    for states, weights in found:
        assert states.split() == [f"{path}.state" for path in weights.split()]


def test_logits_of_the_users_own_that_are_missing_are_named_where_they_are_needed(tmp_path):
    """Not before: to make them a user has the domain made, with the same config."""
    config = changed({"adaptations.own": {"logits": "mine/{source}.parquet"}})
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    code, said = start(
        tmp_path, "results/domains/b/train_inputs.safetensors", "--configfile", "mine.yaml"
    )
    assert code == 0, said
    code, said = start(tmp_path, "-q", "all", "--configfile", "mine.yaml")
    (line,) = [line for line in said.splitlines() if line.startswith("config: ")]
    assert code == 1 and said.rstrip().endswith(line), said
    assert line.startswith("config: adaptations.own.logits: there is no file mine/a.parquet; ")
    assert line.endswith("results/domains/b/train_inputs.safetensors")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.parquet").touch()
    code, said = start(tmp_path, "--configfile", "mine.yaml")
    assert code == 0, said


def test_missing_logits_are_counted_and_what_was_made_of_some_stays(read, tmp_path):
    mine = {"logits": "mine/{source}-{seed}.parquet"}
    vote = {"combine": "mean", "of": ["none", "mine"]}
    given = {"adaptations": {"none": {}, "mine": mine, "vote": vote}, "seeds": [0, 1]}
    names = read(changed(given | {"networks.cnn.adaptations": ["vote"]}))
    path = ROOT / "workflow/common/logits.smk"
    exec(compile(path.read_text(), path, "exec"), names)
    (line,) = names["without_their_logits"]()
    assert "adaptations.mine.logits: there is no file mine/a-0.parquet (2 such); " in line
    folder = tmp_path / "results/transfers/a-to-b/cnn/seed0/mine"
    folder.mkdir(parents=True)
    (folder / "logits.parquet").touch()
    (line,) = names["without_their_logits"]()
    assert "there is no file mine/a-1.parquet; " in line


def told(names, role, **wildcards):
    """What a job of that role is told of its training."""
    given = names["training_flags"](role)(Wildcards(fromdict={"network": "cnn", **wildcards}))
    return set(given)


def test_what_differs_for_a_network_an_adaptation_or_a_method_is_told_there_alone(read):
    names = read(
        changed(
            {
                "training.student.lr": 0.01,
                "training.student.augmentation": {"rotation": 3.0},
                "networks.cnn.training.student": {"lr": 0.02, "optimizer": "sgd"},
                "adaptations.mcc": {"training": {"steps": 7, "schedule": "inverse"}},
                "adaptations.shot": {},
                "methods.sure": {"training": {"lr": 0.03, "augmentation": {"scale": 0.4}}},
            }
        )
    )
    own = told(names, "student", method="sure", adaptation="mcc")
    assert {"--lr=0.03", "--optimizer=sgd", "--steps=20"} <= own
    assert {"--augmentation=rotation=3.0", "--augmentation=scale=0.4"} <= own
    plain = told(names, "student", method="kd", adaptation="mcc")
    assert {"--lr=0.02", "--augmentation=scale=0.1"} <= plain
    assert told(names, "student") == plain, "the yardsticks learn as the student of no own settings"
    mcc, shot = (told(names, "adaptation", adaptation=name) for name in ("mcc", "shot"))
    assert mcc - shot == {"--steps=7", "--schedule=inverse"}
    assert shot - mcc == {"--steps=400", "--schedule=one-cycle"}
    assert "--lr=0.003" in told(names, "teacher")


def test_a_network_may_have_source_rows_disturbed_of_its_own(read):
    """Then its source teacher is another, and is not trained under the other network's name."""
    same = {"teacher": "cnn-8", "student": "cnn-4"}
    names = read(
        changed(
            {
                "training.random_convolution": 0.2,
                "networks": {
                    "plain": same,
                    "other": {**same, "training": {"random_convolution": 0.5}},
                    "none": {**same, "training": {"random_convolution": 0}},
                },
                "transfers.0.networks": ["plain", "other", "none"],
            }
        )
    )
    flags = names["source_augmentation_flags"]
    given = {
        name: flags(Wildcards(fromdict={"network": name})) for name in names["config"]["networks"]
    }
    assert given == {
        "plain": ["--source-augmentation=random_convolution=0.2"],
        "other": ["--source-augmentation=random_convolution=0.5"],
        "none": ["--source-augmentation=random_convolution=0"],
    }
    first = names["first_like"]
    assert [first("teacher", name) for name in given] == ["plain", "other", "none"]
    assert [first("student", name) for name in given] == ["plain"] * 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"training.teacher.nesterov": True},
            "training.teacher, as networks.cnn is trained: nesterov is for optimizer: sgd",
        ),
        (
            {"methods.kd.training": {"warm_up": 0.1}},
            "training.student, as networks.cnn is trained: warm_up is given, and one-cycle has",
        ),
        (
            {"networks.cnn.training": {"adaptation": {"precision": "float16"}}},
            "networks.cnn.training.adaptation.precision: got float16; allowed: float32",
        ),
        (
            {"adaptations.none.training": {"steps": 3}},
            "adaptations.none.training: is given for the source teacher as it is",
        ),
        (
            {
                "logits.views": 2,
                "methods.kd": {"views": "replayed", "training": {"augmentation": {"scale": 0.2}}},
            },
            "methods.kd.training.augmentation: replayed sees the views of the cache",
        ),
    ],
)
def test_own_settings_that_cannot_be_meant_are_refused(read, changes, expected):
    said = mistakes(read, changed(changes))
    assert any(expected in line for line in said), said
