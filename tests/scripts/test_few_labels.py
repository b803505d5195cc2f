"""Rows that see few target labels: which, how many, and that they are named so."""

from distilshift.data import splits
from distilshift.files import outputs, tensors

import pytest
import torch

FLAGS = ("--labels-a-class", "2")


@pytest.fixture
def few(chain, run_script):
    """few(name, *flags) -> (status, what is said, weights, header) of a step of the chain."""

    def again(name, *flags):
        script, args = chain.steps()[name]
        status, shown = run_script(script, [*args, *flags])
        content = tensors.load(args[args.index("--weights") + 1], "weights", "")
        return status, shown, *content

    return again


def test_few_of_are_so_many_of_each_class_nested_and_drawn_by_the_seed():
    labels = torch.tensor([0] * 50 + [1] * 40 + [2] * 3)
    fives = splits.few_of(labels, 5, 0)
    assert labels[fives].bincount().tolist() == [5, 5, 3]  # all, where there are fewer
    assert torch.equal(fives, fives.sort().values)
    assert set(splits.few_of(labels, 2, 0).tolist()) < set(fives.tolist())
    assert set(fives.tolist()) < set(splits.few_of(labels, 10, 0).tolist())
    assert not torch.equal(fives, splits.few_of(labels, 5, 1))
    assert torch.equal(splits.few_of(labels, 100, 0), torch.arange(93))


def test_an_oracle_of_few_labels_learns_from_those_rows_alone(chain, few):
    _, _, whole, _ = few("oracle")
    status, shown, weights, header = few("oracle", *FLAGS)
    assert status == 0, shown
    assert header["labels_a_class"] == 2
    assert not torch.equal(weights["head.weight"], whole["head.weight"])
    labels, _ = tensors.load(chain.labels("target"), "labels", "")
    kept = splits.few_of(labels["labels"], 2, header["seed"])
    path = chain.inputs("target")
    content, about = tensors.load(path, "inputs", "")
    del about["sha256"]
    for blank, same in ((kept, False), (None, True)):
        others = torch.ones(len(content["inputs"]), dtype=torch.bool)
        others[kept] = False
        inputs = content["inputs"].clone()
        inputs[others if blank is None else blank[:1]] = 0
        tensors.save(path, "inputs", {**content, "inputs": inputs}, about)
        again = few("oracle", *FLAGS)[2]
        assert torch.equal(again["head.weight"], weights["head.weight"]) == same


def test_a_student_with_few_labels_is_marked_and_another(chain, few):
    _, _, plain, known = few("distilled")
    assert "labels_a_class" not in known
    status, shown, weights, header = few("distilled", "--labels", chain.labels("target"), *FLAGS)
    assert status == 0, shown
    assert (header["method"], header["labels_a_class"]) == ("kd+2", 2)
    assert not torch.equal(weights["head.weight"], plain["head.weight"])
    for flags in (FLAGS, ("--labels", chain.labels("target"))):
        status, shown, *_ = few("distilled", *flags)
        assert status == 1 and "--labels: needs --labels-a-class" in shown
    status, shown, *_ = few("distilled", "--labels", chain.labels("target", "test"), *FLAGS)
    assert status == 1  # labels of other rows


def test_predict_names_them_and_takes_an_oracle_of_the_whole_target(chain, few, run_script):
    assert few("oracle", *FLAGS)[0] == 0
    script, args = chain.steps()["oracle outputs"]
    assert run_script(script, args)[0] == 0
    (found,) = outputs.networks(chain.folder / "oracle.parquet")
    assert found["method"] == "oracle-2"
    status, shown = run_script(script, [*args, "--oracle", "other"])
    assert status == 1 and "was trained on target, this transfer is source to target" in shown
    # the target is a part of that domain: as if the oracle had learned from all of it
    path = chain.path("oracle", "weights.safetensors")
    content, header = tensors.load(path, "weights", "")
    del header["sha256"], header["labels_a_class"]
    tensors.save(path, "weights", content, {**header, "domain": "whole"})
    assert run_script(script, args)[0] == 1
    assert run_script(script, [*args, "--oracle", "whole"])[0] == 0
    (found,) = outputs.networks(chain.folder / "oracle.parquet")
    assert found["method"] == "oracle"


def test_a_thinned_target_has_fewer_training_rows_and_the_same_test_half(chain, run_script):
    def target(*flags):
        args = chain.domain("target", *flags)
        status, shown = run_script("construct_domain", args)
        halves = [chain.inputs("target", half) for half in ("train", "test")]
        return status, shown, *(tensors.load(path, "inputs", "")[0] for path in halves)

    _, _, train, test = target()
    status, shown, fewer, same = target("--shift", "fewer_rows:strength=5")
    assert status == 0, shown
    assert len(fewer["ids"]) == 5 and set(fewer["ids"].tolist()) < set(train["ids"].tolist())
    assert torch.equal(same["inputs"], test["inputs"]) and torch.equal(same["ids"], test["ids"])
    status, shown, *_ = target("--shift", "fewer_rows:strength=5000")
    assert status == 1 and "--shift: fewer_rows is to leave 5000 training rows of" in shown
