import os
import signal
import subprocess
import sys

from distilshift.errors import InputError
from distilshift.image.settings import Source, View
from distilshift.learning import supervised, training
from distilshift.learning.settings import Run, Training

import pytest
import torch
import torch.nn.functional as F
from made import build, rows_of, settings_of


def settings(**other):
    """(how, run, ranges) of a short training."""
    given = {"steps": 12, "batch": 16, "lr": 0.01, "weight_decay": 0.01}
    given |= {"rotation": 10.0, "translation": 0.1, "scale": 0.1}
    made = settings_of(**given | other)
    return made["how"], made["run"], made["ranges"]


def views_of(inputs, *seed, batch=16, **more):
    return training.Views(rows_of(inputs), batch, settings()[2], "x", *seed, **more)


class Interrupted(Exception):
    pass


@pytest.fixture
def train(digits, tmp_path):
    """train(**settings) -> (model, history); ``at`` maps a step to what happens there."""

    def run(at=None, identity=None, **other):
        how, keep, ranges = settings(**other)
        inputs, labels = digits(50)
        model = build("cnn-2", 10, 1, 8, seed=0)
        views = training.Views(rows_of(inputs), how.batch, ranges, "test", 0)
        seen = []

        def loss_fn(step):
            seen.append(step)
            if at and step in at:
                at[step]()
            rows = views.indices(step)
            logits = model(views.view(rows, step))
            return F.cross_entropy(logits, labels[rows]), {"fit": logits.max()}

        run.seen = seen
        identity = identity or {"who": "test"}
        history = training.fit(model, loss_fn, how, keep, views.per_epoch, identity)
        training.finish([keep])
        return model, history

    return run


def equal(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_each_epoch_visits_every_image_once_in_another_order(digits):
    views = views_of(digits(48)[0], 0)
    epochs = [
        torch.cat([views.indices(epoch * views.per_epoch + at) for at in range(views.per_epoch)])
        for epoch in range(2)
    ]
    assert views.per_epoch == 3
    assert all(sorted(epoch.tolist()) == list(range(48)) for epoch in epochs)
    assert not torch.equal(*epochs)


def test_convolved_views_are_other_inputs_of_the_same_rows_and_repeat(digits):
    inputs = digits(48)[0]
    untouched = views_of(inputs, 0)
    plain, first, again = (
        views_of(inputs, 0, source=Source(probability)) for probability in (0.0, 1.0, 1.0)
    )
    rows = plain.indices(0)
    assert torch.equal(rows, first.indices(0))
    assert torch.equal(first.view(rows, 0), again.view(rows, 0))
    assert (first.view(rows, 0) != plain.view(rows, 0)).flatten(1).any(1).all()
    assert torch.equal(plain.view(rows, 0), untouched.view(rows, 0))


def test_a_batch_larger_than_the_data_is_all_of_it(digits):
    views = views_of(digits(10)[0], 0, batch=64)
    assert sorted(views.indices(3).tolist()) == list(range(10))


def test_a_view_is_a_function_of_seed_epoch_image_and_name(digits):
    inputs = digits(48)[0]
    first, again, other = (views_of(inputs, seed) for seed in (0, 0, 1))
    list(map(first.indices, range(5)))  # what was drawn before does not matter
    assert torch.equal(first.indices(7), again.indices(7))
    rows = again.indices(7)
    assert torch.equal(first.view(rows, 7), again.view(rows, 7))
    assert not torch.equal(first.indices(7), other.indices(7))
    assert not torch.equal(first.view(rows, 7), other.view(rows, 7))
    assert torch.equal(first.view(rows, 7), first.view(rows, 8))  # of one epoch, of three steps
    assert not torch.equal(first.view(rows, 7), first.view(rows, 9))
    assert torch.equal(first.view(rows, 7)[3:5], first.view(rows[3:5], 7))
    assert torch.equal(first.view(rows, 0), again.view(rows, 0))  # an epoch gone back to
    assert not torch.equal(first.view(rows, 7), first.view(rows, 7, "second"))


def test_views_are_equal_across_processes(digits):
    program = """
import hashlib, torch
from distilshift.data.domains import Inputs
from distilshift.image.settings import View
from distilshift.learning import training
inputs = torch.arange(48 * 64).view(48, 1, 8, 8).to(torch.uint8)
data = Inputs(inputs, torch.arange(48), {"data": "image"})
views = training.Views(data, 16, View(10.0, 0.1, 0.1), "x", 0)
rows = views.indices(7)
print(hashlib.sha256(views.view(rows, 7).numpy().tobytes()).hexdigest(), rows.tolist())
"""
    scope: dict = {}
    exec(program.replace("print(", "found = str, ("), scope)
    scripts = os.pathsep.join(path for path in sys.path if path.endswith("scripts"))
    there = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": scripts, "PYTHONHASHSEED": "123"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert there.split(" ", 1)[0] == scope["found"][1][0]


def test_training_repeats_byte_for_byte_and_learns(train):
    (one, history), (other, again) = train(steps=60), train(steps=60)
    assert equal(one, other)
    assert history == again
    assert history[-1]["loss"] < history[0]["loss"]


def test_history_has_a_line_an_epoch_with_means(train):
    _, history = train(steps=8)  # three steps an epoch: two whole ones and a part
    assert [line["epoch"] for line in history] == [1, 2, 3]
    assert [line["step"] for line in history] == [3, 6, 8]
    assert history[0].keys() == {"epoch", "step", "lr", "loss", "fit"}
    _, first = train(steps=8, batch=50)  # an epoch a step
    assert len(first) == 8


def test_only_what_requires_a_gradient_is_trained():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[0].requires_grad_(False)
    before = model[0].weight.clone(), model[1].weight.clone()
    training.fit(
        model, lambda step: (model(torch.ones(1, 2)).square().sum(), {}), *settings()[:2], 1, {}
    )
    assert torch.equal(model[0].weight, before[0])
    assert not torch.equal(model[1].weight, before[1])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_setting(value):
    weight = torch.nn.Linear(1, 1)

    def loss_fn(step):
        return weight(torch.ones(1, 1)).sum() * (value if step == 4 else 1), {}

    with pytest.raises(
        InputError, match=r"step 5: the loss is (nan|-?inf).*rate of 0\.5; lower lr"
    ):
        training.fit(weight, loss_fn, *settings(lr=0.5)[:2], 3, {})


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("step", [0, 4, 5, 10, 11])
def test_a_run_stopped_by_sigterm_and_resumed_ends_in_the_same_bytes(
    train, tmp_path, step, channels_last
):
    whole, history = train(channels_last=channels_last)
    state = tmp_path / "state"
    stop = {step: lambda: os.kill(os.getpid(), signal.SIGTERM)}
    with pytest.raises(SystemExit) as stopped:
        train(at=stop, state=state, channels_last=channels_last)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert train.seen == list(range(step + 1))
    resumed, resumed_history = train(state=state, channels_last=channels_last)
    assert train.seen == list(range(step + 1, 12))
    assert equal(whole, resumed)
    assert history == resumed_history
    assert not state.exists()


def test_a_killed_run_goes_on_from_its_last_saved_state(train, tmp_path):
    whole, history = train()
    state = tmp_path / "state"

    def die():
        raise Interrupted

    with pytest.raises(Interrupted):
        train(at={7: die}, state=state, save_seconds=0.0)
    resumed, resumed_history = train(state=state)
    assert train.seen == list(range(7, 12))
    assert equal(whole, resumed)
    assert history == resumed_history


def test_sigterm_stops_a_run_that_keeps_no_state(train):
    with pytest.raises(SystemExit) as stopped:
        train(at={3: lambda: os.kill(os.getpid(), signal.SIGTERM)})
    assert stopped.value.code == 128 + signal.SIGTERM
    assert train.seen == [0, 1, 2, 3]


def test_sigterm_in_the_last_step_of_a_run_that_keeps_no_state_lets_it_end(train):
    train(at={11: lambda: os.kill(os.getpid(), signal.SIGTERM)})
    assert train.seen == list(range(12))


def test_a_state_is_of_the_labels_and_rows_that_it_learned_from(tmp_path, digits, caplog):
    """A fixed label, or a cache that keeps less, is another run: it goes on from no old state."""
    images, labels = digits(48, seed=1)
    data = rows_of(images, domain="a", sha256="0")
    how, ranges = Training(steps=6, batch=16), View()

    def learn(labels, **run):
        found = supervised.train(data, labels, "cnn-3", "teacher", how, Run(seed=0, **run), ranges)
        return found[0].state_dict()

    state = tmp_path / "state"
    learn(labels, state=state, save_seconds=0.0)
    assert state.exists()
    other = labels.flip(0)
    with caplog.at_level("WARNING", "distilshift"):
        found = learn(other, state=state)
    assert "of another run" in caplog.text
    expected = learn(other)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    one, two = {"keep": "all"}, {"keep": "top2"}
    assert training.fingerprint(one, labels) != training.fingerprint(two, labels)
    assert training.fingerprint(one, None) != training.fingerprint(one, labels)


def test_the_handler_of_sigterm_is_put_back(train):
    before = signal.getsignal(signal.SIGTERM)
    train()
    assert signal.getsignal(signal.SIGTERM) is before


def saved_state(train, path):
    with pytest.raises(SystemExit):
        train(at={5: lambda: os.kill(os.getpid(), signal.SIGTERM)}, state=path)


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign"])
def test_a_damaged_state_is_ignored_with_a_warning(train, tmp_path, damage, caplog):
    state = tmp_path / "state"
    saved_state(train, state)
    content = bytearray(state.read_bytes())
    if damage == "flip":
        content[-9] ^= 4
    state.write_bytes({"cut": content[:-9], "flip": content, "foreign": b"hello"}[damage])
    with caplog.at_level("WARNING", "distilshift"):
        resumed, _ = train(state=state)
    assert "starting over" in caplog.text
    assert train.seen == list(range(12))
    assert equal(resumed, train()[0])


@pytest.mark.parametrize("other", [{"identity": {"who": "else"}}, {"lr": 0.02}, {"steps": 13}])
def test_the_state_of_another_run_is_ignored_with_a_warning(train, tmp_path, other, caplog):
    state = tmp_path / "state"
    saved_state(train, state)
    with caplog.at_level("WARNING", "distilshift"):
        train(state=state, **other)
    assert "of another run" in caplog.text
    assert train.seen[0] == 0
