"""Which labels a student learns from, and how: closed forms and invariances."""

import dataclasses

from distilshift.errors import InputError
from distilshift.files import logits
from distilshift.image import views as image_views
from distilshift.learning import distillation, ensembles, losses, training
from distilshift.learning.losses import dine
from distilshift.learning.settings import VIEWS, Method

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made import build, rows_of, settings_of
from torch import nn

CLASSES = [str(digit) for digit in range(10)]
CPU = torch.device("cpu")


def settings(**other):
    given = {"steps": 9, "batch": 16, "lr": 0.01, "weight_decay": 0.01, "seed": 3}
    given |= {"rotation": 20.0, "translation": 0.1, "scale": 0.2}
    return settings_of(**given | other)


@pytest.fixture
def teacher(digits):
    """A network whose labels depend on the view."""
    model = build("cnn-3", 10, 1, 8, seed=1)
    with torch.no_grad():
        model.train()(image_views.plain(digits(64, seed=1)[0]))
        model.head.weight *= 200
    return model.eval()


@pytest.fixture
def write_cache(digits, teacher, tmp_path):
    """write_cache(views) -> the cache of 48 inputs, their order and the views' mixed up."""

    @torch.no_grad()
    def write(views=0, features=False):
        inputs, path = digits(48)[0], tmp_path / f"{views}{features}.parquet"
        mixed = torch.randperm(48, generator=torch.Generator().manual_seed(5))
        chunks = []
        for view in reversed(range(views + 1)):
            how, seen = torch.zeros(48, 4), image_views.plain(inputs)
            if view:
                ranges = settings()["ranges"]
                how = image_views.draw(48, ranges, "student", 3, "view", view - 1)
                seen = image_views.see(inputs, how)
            for rows in mixed.split(20):
                some, deep = teacher(seen[rows]), teacher.features(seen[rows]).numpy()
                chunks.append((rows.numpy(), some.numpy(), view, how[rows].numpy(), deep))
        known = {"classes": CLASSES, "views": views, "parameters": image_views.POSE}
        known |= {"features": teacher.head.in_features} if features else {}
        logits.write(path, chunks, known, "float32")
        return logits.read([path], {}, np.arange(48))

    return write


@pytest.fixture
def make(digits, teacher, write_cache):
    """make(views, see, **settings) -> a task whose student is a small network."""

    def task(cached=0, see="fixed", features=False, **other):
        made = settings(**other)
        how, run = made["how"], made["run"]
        data = rows_of(digits(48)[0])
        views = training.Views(data, how.batch, made["ranges"], "student", run.seed)
        labels = distillation.Labels(write_cache(cached, features), CPU)
        student = build("cnn-2", 10, 1, 8, seed=0)
        batches = distillation.VIEWS[see](views, labels, teacher)
        task = distillation.Task(
            student, views, labels, batches, made["method"], how.steps, run.seed
        )
        task.fitting = how, run  # what a test then calls fit with
        return task

    return task


def trained(task, loss="kd"):
    loss_fn = distillation.loss_fn(loss, task)
    module = nn.ModuleDict({"model": task.model, "extra": task.extra})
    history = training.fit(module, loss_fn, *task.fitting, task.views.per_epoch, {"seed": 3})
    return task.model.state_dict(), [line["loss"] for line in history]


# ---- views ----------------------------------------------------------------------------


def test_replayed_views_are_the_online_teacher_without_the_teacher(make):
    """Three epochs of three steps, three views cached; two would come back to the first."""
    (cached, losses_cached), (online, losses_online) = (
        trained(make(3, "replayed")),
        trained(make(0, "online")),
    )
    assert losses_cached == pytest.approx(losses_online, rel=1e-4)
    for name, value in cached.items():
        torch.testing.assert_close(value, online[name], rtol=1e-3, atol=1e-4)
    fixed, losses_fixed = trained(make(3, "fixed"))
    assert losses_fixed[0] != pytest.approx(losses_online[0], rel=1e-3)
    assert not torch.allclose(fixed["head.weight"], online["head.weight"], atol=1e-3)


def test_a_replayed_batch_is_what_the_student_sees_and_its_labels(make, teacher):
    replayed, fixed = make(2, "replayed"), make(2, "fixed")
    for step in (0, 2, 3, 5):
        rows, inputs, shown = replayed.batch(step)
        again, same, _ = fixed.batch(step)
        assert torch.equal(rows, again)
        assert torch.equal(inputs, same)
        torch.testing.assert_close(shown, teacher(inputs), rtol=1e-4, atol=1e-4)


def test_epochs_beyond_the_views_begin_again_with_the_first(make):
    task = make(2, "replayed")

    def epoch(number):
        """The inputs of an epoch, as seen, in their own order."""
        rows, inputs, _ = zip(*(task.batch(3 * number + step) for step in range(3)), strict=True)
        return torch.cat(inputs)[torch.cat(rows).argsort()]

    assert torch.equal(epoch(0), epoch(2))
    assert not torch.equal(epoch(0), epoch(1))


def test_a_cache_read_from_the_disk_gives_the_same_batches(make, write_cache, monkeypatch):
    plain = make(2, "replayed").batch(4)
    monkeypatch.setattr(logits, "SPOOL_BYTES", 100)
    cache = write_cache(2)
    assert isinstance(cache.logits, logits.Spool)
    assert isinstance(cache.parameters, logits.Spool)
    for one, other in zip(plain, make(2, "replayed").batch(4), strict=True):
        assert torch.equal(one, other)


def test_the_online_teacher_is_not_trained(make, teacher):
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    trained(make(0, "online"))
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


# ---- weights --------------------------------------------------------------------------

P = torch.tensor([[0.9, 0.05, 0.05], [0.5, 0.3, 0.2], [0.4, 0.3, 0.3]])


def test_weights_have_mean_one_and_leave_out_the_unsure():
    weigh = distillation.weights
    torch.testing.assert_close(weigh(P.log(), 0.0, "none"), torch.ones(3))
    torch.testing.assert_close(weigh(P.log(), 0.45, "none"), torch.tensor([1.5, 1.5, 0]))
    torch.testing.assert_close(
        weigh(P.log(), 0.0, "confidence"), torch.tensor([0.9, 0.5, 0.4]) / 0.6
    )
    torch.testing.assert_close(
        weigh(P.log(), 0.45, "confidence"), 3 * torch.tensor([0.9, 0.5, 0]) / 1.4
    )
    sure = torch.exp((P * P.log()).sum(1))
    torch.testing.assert_close(weigh(P.log(), 0.0, "entropy"), sure / sure.mean())
    assert torch.equal(weigh(P.log(), 0.95, "entropy"), torch.zeros(3))


def test_samples_left_out_have_no_part_in_the_gradient(make):
    task = make(0, confidence=0.9)
    values = torch.ones(3, requires_grad=True)
    task.mean(values, P.log()).backward()
    torch.testing.assert_close(values.grad, torch.tensor([1.0, 0, 0]))


@pytest.mark.parametrize(("cached", "views"), [(0, "fixed"), (2, "replayed"), (0, "online")])
def test_a_confidence_that_no_row_reaches_is_refused(make, caplog, cached, views):
    """Its student learned nothing, and stood in the ladder like any other."""
    task = make(cached, views, views=views)
    rows = torch.arange(task.views.count)
    seen = range(1, cached + 1) if cached else [0]
    sure = torch.cat([task.labels.logits(rows, view).softmax(1).max(1).values for view in seen])
    for budget in ("full", "top1"):  # which leaves the largest as it is
        task = make(cached, views, views=views, budget=budget, confidence=float(sure.max()) + 1e-4)
        says = (
            f"--confidence: no row of the target reaches .*; the surest is {sure.max():.4g}; lower"
        )
        with pytest.raises(InputError, match=says):
            distillation.loss_fn("kd", task)
    between = float(sure.sort().values[-3:-1].mean())
    with caplog.at_level("INFO", logger="distilshift"):
        distillation.loss_fn("kd", make(cached, views, views=views, confidence=between))
    assert f": {100 * 2 / len(sure):.1f} % of the target's rows reach it" in caplog.text


def test_a_budget_of_all_classes_is_refused(make):
    distillation.loss_fn("kd", make(0, budget="top9"))
    for budget in ("top10", "top11"):
        with pytest.raises(InputError, match=f"--budget: {budget} of 10 classes is all of them"):
            distillation.loss_fn("kd", make(0, budget=budget))


def test_the_budget_reaches_the_loss(make):
    _, _, shown = make(0, budget="top1").batch(0)
    p = shown.softmax(1).sort(1).values
    torch.testing.assert_close(p[:, :-1], p[:, :1].expand(-1, 9))
    assert not torch.allclose(make(0).batch(0)[2].softmax(1).sort(1).values[:, :-1], p[:, :-1])


# ---- the labelled source --------------------------------------------------------------


def test_the_source_adds_its_cross_entropy_and_leaves_no_statistics(make, digits):
    task = make(0, source_weight=0.5)
    inputs, labels = digits(40, seed=7)
    source = training.Views(rows_of(255 - inputs), 16, task.views.ranges, "student source", 3)
    task.labelled["source"] = distillation.Labelled(source, labels, task.how.source_weight)
    rows = source.indices(0)
    task.model.eval()
    fitted = F.cross_entropy(task.model(source.view(rows, 0)), labels[rows])
    alone = distillation.named("kd")(task)(0)[0]
    both, measured = distillation.loss_fn("kd", task)(0)
    torch.testing.assert_close(both, alone + 0.5 * fitted)
    torch.testing.assert_close(measured["source"], fitted)
    task.model.train()
    trained(task)
    norm = distillation.finished("kd", task).body[1]
    first = task.model.body[0](image_views.plain(task.views.data.inputs)).detach()
    torch.testing.assert_close(norm.running_mean, first.mean((0, 2, 3)))
    assert not torch.allclose(task.model.body[1].running_mean, norm.running_mean)


def test_few_labels_add_theirs_beside_the_source(make, digits):
    task = make(0, source_weight=0.5)
    inputs, labels = digits(6, seed=8)
    for name, weight in (("source", 0.5), ("labels", 1.0)):
        seen = training.Views(rows_of(inputs), 16, task.views.ranges, name, 3)
        task.labelled[name] = distillation.Labelled(seen, labels, weight)
    assert task.labelled["labels"].views.batch == 6  # fewer rows than a batch
    alone = distillation.named("kd")(task)(0)[0]
    both, measured = distillation.loss_fn("kd", task)(0)
    torch.testing.assert_close(both, alone + 0.5 * measured["source"] + measured["labels"])


def test_without_source_and_mixtures_the_student_stays_as_it_was_trained(make):
    task = make(0)
    assert distillation.finished("kd", task) is task.model


@pytest.mark.parametrize("freeze", ["batchnorm", "body"])
def test_statistics_that_are_frozen_stay_whatever_joined_in(make, digits, freeze):
    task = make(0, source_weight=0.5)
    inputs, labels = digits(40, seed=7)
    source = training.Views(rows_of(255 - inputs), 16, task.views.ranges, "student source", 3)
    task.labelled["source"] = distillation.Labelled(source, labels, task.how.source_weight)
    assert distillation.finished("kd", task, freeze) is task.model
    assert distillation.finished("kd", task) is not task.model


# ---- FitNets --------------------------------------------------------------------------


@pytest.mark.parametrize(("cached", "see"), [(0, "fixed"), (3, "replayed")])
def test_fitnet_is_kd_and_the_distance_of_projected_features(make, teacher, cached, see):
    task = make(cached, see, features=True, loss="fitnet", views=see, temperature=3.0)
    task.model.eval()  # a function of each image alone
    loss_fn = distillation.named("fitnet")(task)
    assert loss_fn(0)[1]["hint"] > 0  # of a map that is 0: half of how far the batch is out
    torch.nn.init.normal_(task.extra["projection"].weight, std=0.1)
    loss, measured = loss_fn(4)
    rows, inputs, _ = task.see(4)
    seen = image_views.plain(task.views.data.inputs[rows]) if see == "fixed" else inputs
    projected = task.extra["projection"](task.model.features(inputs))
    wanted = teacher.features(seen)
    view = 0 if see == "fixed" else 2  # the second epoch of three steps
    everyone = torch.arange(48)
    torch.testing.assert_close(task.labels.features(rows, view), wanted)
    all_of_them = task.labels.features(everyone)
    spread, mean = all_of_them.var(0, correction=0).sum(), all_of_them.mean(0)
    hint = ((projected - (wanted - mean) / spread.sqrt()) ** 2).sum(1).mean() / 2
    p, q = (f.div(3).softmax(1) for f in (teacher(seen), task.model(inputs)))
    soft = 9 * (p * (p / q).log()).sum(1).mean()
    torch.testing.assert_close(loss, soft + hint, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(measured["hint"], hint, atol=1e-4, rtol=1e-4)


def test_fitnet_learns_the_features_and_the_projection(make):
    task = make(features=True, loss="fitnet", steps=60, lr=0.02)
    trained(task, "fitnet")
    rows = torch.arange(48)
    wanted = task.labels.features(rows)
    wanted = (wanted - wanted.mean(0)) / wanted.var(0, correction=0).sum().sqrt()
    task.model.train()
    projected = task.extra["projection"](task.model.features(task.views.data.plain(rows)))
    apart = (projected - wanted).square().sum(1).mean()
    assert apart < 0.7  # 1 is what a constant gets
    assert distillation.finished("fitnet", task) is task.model  # no other inputs passed it


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "holds no features for fitnet; set logits.features: true"),
        ({"features": True, "views": "online"}, "fitnet needs a cache's features"),
        ({"features": True, "budget": "top1"}, "sees more of the teacher than top1 shows"),
    ],
)
def test_what_fitnet_cannot_learn_from_is_refused(make, given, says):
    with pytest.raises(InputError, match=says):
        distillation.loss_fn("fitnet", make(loss="fitnet", **given))


# ---- DINE -----------------------------------------------------------------------------


def test_dine_begins_with_the_teachers_smoothed_first_choice(make):
    task = make(0)
    distillation.named("dine")(task)
    memory, p = task.extra["memory"].labels, task.labels.logits(torch.arange(48)).softmax(1)
    torch.testing.assert_close(memory.max(1).values, p.max(1).values)
    others = memory.sort(1).values[:, :-1]
    torch.testing.assert_close(others, ((1 - p.max(1).values) / 9)[:, None].expand(-1, 9))


def test_dine_refreshes_its_memory_in_the_second_half_alone(make):
    task = make(0, steps=20)  # every second step, from the tenth on
    loss_fn = distillation.named("dine")(task)
    memory = task.extra["memory"].labels
    first = memory.clone()
    for step in (0, 2, 8, 9, 11):
        loss_fn(step)
        assert torch.equal(memory, first), step
    student = dine.predictions(task)
    loss_fn(10)
    torch.testing.assert_close(memory, 0.6 * first + 0.4 * student)
    torch.testing.assert_close(memory.sum(1), torch.ones(48))


def test_dine_is_the_sum_of_its_four_terms(make):
    task = make(0)
    task.model.eval()  # a function of each image alone
    loss, _ = distillation.named("dine")(task)(4)
    rows, inputs, _ = task.see(4)
    p, memory = task.model(inputs).softmax(1), task.extra["memory"].labels[rows]
    fitted = (memory * (memory / p).log()).sum(1).mean()
    sure = -(p * p.log()).sum(1).mean() + (p.mean(0) * p.mean(0).log()).sum()
    share, partner = dine.mixup(16, 0.3, task.seed, 4)
    assert 0 <= share <= 1 and sorted(partner.tolist()) == list(range(16))
    mixed = task.model(share * inputs + (1 - share) * inputs[partner]).log_softmax(1)
    consistent = -((share * p + (1 - share) * p[partner]) * mixed).sum(1).mean()
    torch.testing.assert_close(loss, fitted + sure + consistent)


class Stopped(Exception):
    pass


def test_a_killed_dine_goes_on_with_its_memory(make, tmp_path):
    def run(state=None, stop=None):
        task = make(0, state=state, save_seconds=0.0, steps=12)
        inner = distillation.loss_fn("dine", task)

        def loss_fn(step):
            if step == stop:
                raise Stopped
            return inner(step)

        module = nn.ModuleDict({"model": task.model, "extra": task.extra})
        training.fit(module, loss_fn, *task.fitting, task.views.per_epoch, {"seed": 3})
        return module.state_dict()

    whole = run()
    with pytest.raises(Stopped):
        run(tmp_path / "state", 9)
    resumed = run(tmp_path / "state")
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    assert "extra.memory.labels" in whole


@pytest.mark.parametrize("loss", losses.NAMES)
def test_every_method_learns_from_its_teacher(make, loss):
    budget = "full" if loss == "fitnet" else "top2"
    task = make(0, features=loss == "fitnet", steps=60, budget=budget, weighting="entropy")
    _, history = trained(task, loss)
    assert history[-1] < history[0]


def test_the_docs_name_every_choice(request):
    text = (request.config.rootpath / "docs" / "distillation.md").read_text()
    choices = [*losses.NAMES, *distillation.VIEWS, *ensembles.COMBINATIONS]
    settings = [field.name for field in dataclasses.fields(Method)][1:]
    for name in (*choices, *settings, *image_views.POSE):
        assert f"`{name}`" in text, name


def test_every_way_of_seeing_can_be_asked_for():
    assert set(distillation.VIEWS) == set(VIEWS)


@pytest.mark.parametrize("loss", ["kd", "dine"])
def test_the_history_says_how_many_classes_a_student_names(make, loss):
    task = make(0, steps=6)
    loss_fn = distillation.loss_fn(loss, task)
    with torch.no_grad():  # one class for everything
        task.model.head.weight.zero_()
        task.model.head.bias.copy_(torch.eye(10)[3])
    _, measured = loss_fn(0)
    assert 0 < measured["coverage"].item() < distillation.COVERED
    module = nn.ModuleDict({"model": task.model, "extra": task.extra})
    history = training.fit(module, loss_fn, *task.fitting, task.views.per_epoch, {"seed": 3})
    assert {"fit", "coverage"} <= history[-1].keys()


def test_the_mean_of_rows_that_weigh_alike_is_that_of_their_weights_to_the_bit():
    """It takes a shorter way there; one row that is left out takes the long one."""
    draw = torch.Generator().manual_seed(0)
    said = torch.randn(100, 7, generator=draw) * 9

    def both(confidence):
        task = distillation.Task(*[None] * 4, Method(confidence=confidence), 1, 0)
        found = []
        for mean in (
            task.mean,
            lambda v, t: (distillation.weights(t, confidence, "none") * v).mean(),
        ):
            values = torch.randn(100, generator=torch.manual_seed(1)).requires_grad_()
            mean(values, said).backward()
            found.append((mean(values, said), values.grad))
        return found

    for confidence in (0.0, 0.9):
        (one, slope), (other, expected) = both(confidence)
        assert torch.equal(one, other)
        assert torch.equal(slope, expected)
    assert not torch.equal(both(0.0)[0][1], both(0.9)[0][1])


def test_a_temperature_that_plays_no_part_is_refused():
    assert Method(loss="hard").temperature == 2.0
    with pytest.raises(InputError, match="temperature: plays no part in hard"):
        Method(loss="hard", temperature=3.0)
