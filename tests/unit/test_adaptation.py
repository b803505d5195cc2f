import argparse
import copy

from distilshift import registry
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.image import views as image_views
from distilshift.image.settings import View
from distilshift.learning import adaptation, adaptations, pseudo_labels, training
from distilshift.learning.adaptations import ADAPTATIONS, joint, shot
from distilshift.learning.settings import Adaptation, Training

import pytest
import torch
from made import build, rows_of


@pytest.fixture
def network(digits):
    """A network whose statistics are those of other inputs, and target inputs."""
    model = build("cnn-3", 10, 1, 8, seed=0)
    with torch.no_grad():
        model.train()(image_views.plain(digits(64, seed=1)[0]))
    return model.eval(), 255 - digits(64, seed=2)[0]


def test_adabn_gives_the_first_layer_the_statistics_of_the_whole_target(network):
    model, target = network
    adapted = adaptation.target_statistics(model, rows_of(target), batch=len(target))
    conv, norm = adapted.body[0], adapted.body[1]
    outputs = conv(image_views.plain(target)).detach()
    torch.testing.assert_close(norm.running_mean, outputs.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, outputs.var((0, 2, 3)))


def test_adabn_over_equal_batches_averages_their_statistics(network):
    model, target = network
    adapted = adaptation.target_statistics(model, rows_of(target), batch=16)
    batches = adaptation.mixed_batches(len(target), 16)
    parts = [adapted.body[0](image_views.plain(target[x])).detach() for x in batches]
    mean = torch.stack([x.mean((0, 2, 3)) for x in parts]).mean(0)
    var = torch.stack([x.var((0, 2, 3)) for x in parts]).mean(0)
    torch.testing.assert_close(adapted.body[1].running_mean, mean)
    torch.testing.assert_close(adapted.body[1].running_var, var)


def test_adabn_of_a_sorted_set_sees_the_spread_between_its_batches(network):
    """Batches of one class each would leave out how the classes differ."""
    model, target = network
    light = torch.linspace(0, 1, len(target)).view(-1, 1, 1, 1)  # sorted by brightness
    target = (target * light).to(torch.uint8)
    whole, mixed = (adaptation.target_statistics(model, rows_of(target), batch=n) for n in (64, 16))
    ratio = mixed.body[1].running_var / whole.body[1].running_var
    parts = [model.body[0](image_views.plain(x)).detach() for x in target.split(16)]
    in_order = torch.stack([x.var((0, 2, 3)) for x in parts]).mean(0)
    # a batch of 16 strays, one of its own brightness always errs to one side
    assert (ratio.mean() - 1).abs() < 0.1 < 1 - (in_order / whole.body[1].running_var).mean()


def test_statistics_of_the_target_are_the_same_in_every_process(digits):
    """Also where a layer below BatchNorm leaves features out at random as it is trained."""
    model = build("lenet", 10, 1, 28, seed=0)
    target = digits(40, seed=2)[0].repeat_interleave(4, 2).repeat_interleave(4, 3)[..., :28, :28]
    assert any(isinstance(one, torch.nn.Dropout2d) for one in model.modules())
    found = []
    for state in (1, 2):
        torch.manual_seed(state)
        found.append(adaptation.target_statistics(model, rows_of(target), 16).state_dict())
    assert all(torch.equal(found[0][name], value) for name, value in found[1].items())
    before = model.state_dict()
    assert any(not torch.equal(found[0][name], before[name]) for name in before)


@pytest.mark.parametrize("count", [1, 255, 256, 600, 65793, 65800])
def test_statistics_are_of_batches_about_as_large_as_one_another(count):
    """BatchNorm over rows has no variance of one, as the last of 257 batches once was."""
    batches = adaptation.mixed_batches(count, 256)
    assert sum(map(len, batches)) == count
    assert 2 * min(map(len, batches)) >= max(map(len, batches))


def test_adabn_leaves_weights_and_the_source_model_alone(network):
    model, target = network
    before = copy.deepcopy(model.state_dict())
    adapted = adaptation.target_statistics(model, rows_of(target))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for (name, ours), theirs in zip(model.named_parameters(), adapted.parameters(), strict=True):
        assert torch.equal(ours, theirs), name
    assert not torch.equal(model.body[1].running_mean, adapted.body[1].running_mean)
    assert not any(module.training for module in adapted.modules())


def test_adabn_uses_every_image_even_when_batches_do_not_divide(network):
    model, target = network
    whole = adaptation.target_statistics(model, rows_of(target[:50]), batch=16)
    for dropped in (0, 49):
        rest = torch.cat([target[:dropped], target[dropped + 1 : 50]])
        less = adaptation.target_statistics(model, rows_of(rest), batch=16)
        assert not torch.equal(whole.body[1].running_mean, less.body[1].running_mean)


def test_adabn_refuses_a_network_without_batchnorm():
    task = argparse.Namespace(model=build("mlp-4", 10, 1, 8))
    with pytest.raises(InputError, match=r"adabn.*BatchNorm.*other adaptations"):
        adaptation.method("adabn")(task)


def test_adabn_trains_nothing():
    task = argparse.Namespace(model=build("cnn-2", 10, 1, 8))
    assert adaptation.method("adabn")(task) is None


def test_joint_shot_adds_the_sources_labels_to_shot(network, digits):
    """Its loss is SHOT's plus the source's cross-entropy, and the head may move."""
    model, target = network
    source, labels = digits(64, seed=3)

    def task():
        ranges = View(10.0, 0.1, 0.1)
        views = [training.Views(rows_of(x), 32, ranges, name, 0) for name, x in pairs]
        return adaptation.Task(copy.deepcopy(model), views[0], views[1], labels, 0.5, 10)

    pairs = [("target", target), ("source", source)]
    both, alone = task(), task()
    loss, measured = joint.joint_shot(both)(0)
    expected, _ = shot.shot(alone)(0)
    assert all(parameter.requires_grad for parameter in both.model.head.parameters())
    assert not any(parameter.requires_grad for parameter in alone.model.head.parameters())
    torch.testing.assert_close(loss, measured["source"] + expected)


def test_transport_gives_every_class_its_share():
    """Rows of the plan sum to 1, columns to the shares; the least cost wins as it grows."""
    near = torch.rand(60, 3, generator=torch.Generator().manual_seed(0))
    shares = torch.tensor([0.5, 0.3, 0.2])
    plan = pseudo_labels.transport(near, shares, cost=5.0, rounds=200).exp()
    torch.testing.assert_close(plan.sum(1), torch.ones(60))
    torch.testing.assert_close(plan.sum(0), 60 * shares, rtol=1e-3, atol=1e-3)
    # P = diag(a) exp(cost near) diag(b): what is left after the cost is a sum of two parts
    rest = plan.log() - 5.0 * near
    rest = rest - rest.mean(0) - rest.mean(1, keepdim=True) + rest.mean()
    assert rest.abs().max() < 1e-4


def test_transport_survives_a_class_that_the_source_lacks():
    near = torch.rand(40, 3, generator=torch.Generator().manual_seed(0))
    labels = pseudo_labels.transport(near, torch.tensor([0.5, 0.5, 0.0])).argmax(1)
    assert set(labels.tolist()) == {0, 1}


def test_shares_bring_back_a_style_that_lies_nearer_another_class():
    """A third of class 0 lies nearer the centroid of class 1; its share brings it back."""
    angle = torch.cat([torch.zeros(40), torch.full((20,), 50.0), torch.full((60,), 90.0)])
    angle = angle * torch.pi / 180
    features = torch.stack([angle.cos(), angle.sin()], 1)
    truth = torch.cat([torch.zeros(60), torch.ones(60)]).long()
    logits = 20 * torch.stack([angle.cos(), angle.sin()], 1)
    plain = pseudo_labels.of_centroids(features, logits)
    shared = pseudo_labels.of_centroids(features, logits, torch.tensor([0.5, 0.5]))
    assert (plain == truth).sum() == 100
    assert (shared == truth).all()


def test_neighbours_keep_a_group_that_lies_apart_from_its_centroid():
    """A third of class 0 lies beyond class 1. Two of three of its rows are predicted right."""
    drawn = torch.Generator().manual_seed(0)
    angle = torch.cat([torch.zeros(40), torch.full((20,), 120.0), torch.full((60,), 90.0)])
    angle = (angle + 3 * torch.randn(120, generator=drawn)) * torch.pi / 180
    features = torch.stack([angle.cos(), angle.sin()], 1)
    truth = torch.cat([torch.zeros(60), torch.ones(60)]).long()
    predicted = torch.where(torch.arange(120) % 3 == 0, 1 - truth, truth)
    logits, even = 2.0 * torch.nn.functional.one_hot(predicted, 2), torch.tensor([0.5, 0.5])
    assert (predicted == truth).sum() == 80
    assert (pseudo_labels.of_centroids(features, logits) == truth).sum() <= 100
    assert (pseudo_labels.of_centroids(features, logits, even) == truth).sum() <= 100
    for shares in (None, even):
        assert (pseudo_labels.of_neighbours(features, logits, shares) == truth).all()


def test_labels_of_neighbours_are_their_predictions_mixed():
    """Of three rows the first two are neighbours; the third's nearest is the second."""
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.5, 1.0]])
    p = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    weights, others = pseudo_labels.nearest(features, 1)
    assert others.tolist() == [[1], [0], [1]] and weights.tolist() == [[1.0], [1.0], [1.0]]

    def labels(kept):
        given = {"neighbours": 1, "kept": kept, "rounds": 1}
        return pseudo_labels.of_neighbours(features, p.log(), **given).tolist()

    # (1 - kept) of the neighbour's, kept of its own: 0.27, 0.83, 0.24 of class 0, then its own
    assert labels(0.1) == [1, 0, 1] and labels(1.0) == [0, 1, 0]


def chains(counts, seed=0):
    """Rows on arcs that touch at no place, one a class: features (N, 2), labels (N,)."""
    drawn = torch.Generator().manual_seed(seed)
    width = 2 * torch.pi / len(counts)
    at = [c * width + 0.6 * width * torch.rand(n, generator=drawn) for c, n in enumerate(counts)]
    angle = torch.cat(at)
    return torch.stack([angle.cos(), angle.sin()], 1), torch.arange(len(counts)).repeat_interleave(
        torch.tensor(counts)
    )


@pytest.mark.parametrize("counts", [(400, 60), (200, 90, 60), (30, 30, 30, 30, 30, 30)])
def test_labels_of_the_graph_hold_where_the_teacher_is_mostly_wrong_of_a_class(counts):
    """It says the first class too often by far: of the others 45 % alone are said aright.

    Each is told by where it is said more often than elsewhere. Its own predictions, those of the
    nearest neighbours and shares of the classes as it sees them say the first class still.
    """
    features, truth = chains(counts)
    right = torch.rand(len(truth), generator=torch.Generator().manual_seed(1)) < 0.45
    predicted = torch.where(right, truth, torch.zeros_like(truth))
    logits = 2.0 * torch.nn.functional.one_hot(predicted, len(counts))
    assert (predicted == truth)[truth > 0].float().mean() < 0.6
    of_neighbours = pseudo_labels.of_neighbours(features, logits)
    assert (of_neighbours == truth)[truth > 0].float().mean() < 0.7
    labels = pseudo_labels.of_graph(features, logits, neighbours=8)
    assert (labels == truth).float().mean() > 0.95


def test_what_spreads_is_the_teachers_prediction_and_each_rows_own_stays_in_it():
    features, _ = chains((20, 20))
    p = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    p = p / p.sum(1, keepdim=True)
    graph = weights, others = pseudo_labels.nearest(features, 3)
    once = pseudo_labels.spread_over(graph, p, 0.2, 1)
    torch.testing.assert_close(once[7], 0.8 * weights[7] @ p[others[7]] + 0.2 * p[7])
    assert torch.equal(pseudo_labels.spread_over(graph, p, 1.0, 9), p)
    for held in (1, 50):  # a row at a time, eight
        assert torch.equal(pseudo_labels.spread_over(graph, p, 0.2, 1, held), once)


@pytest.mark.parametrize(("there", "classes"), [(3, 12), (2, 10), (1, 10), (2, 65)])
def test_a_sure_teacher_of_a_target_that_lacks_classes_keeps_its_labels(there, classes):
    features, truth = chains((60,) * there)
    logits = 12.0 * torch.nn.functional.one_hot(truth, classes) + torch.rand(60 * there, classes)
    assert torch.equal(pseudo_labels.of_graph(features, logits, neighbours=8), truth)


def test_a_group_that_no_row_is_nearest_to_keeps_its_mean():
    standing = torch.tensor(
        [[2.0, 0.0, 1.9], [1.9, 0.1, 2.0], [-2.0, 1.0, -2.0], [-2.0, 1.1, -2.0]]
    )
    labels = pseudo_labels.groups(standing)
    assert labels[2] == labels[3] == 1 and set(labels[:2].tolist()) <= {0, 2}


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("classes", [2, 50])
def test_of_few_rows_the_graph_says_what_the_teacher_says(rows, classes):
    logits = 5 * torch.eye(classes)[torch.arange(rows).flip(0) % classes]
    labels = pseudo_labels.of_graph(torch.eye(4)[:rows], logits)
    assert labels.shape == (rows,) and (rows > 1 or labels.tolist() == [0])
    alike = torch.zeros(rows, classes)
    alike[:, 1] = 1
    assert (pseudo_labels.of_graph(torch.eye(4)[:rows], alike) == 1).all()


@pytest.mark.parametrize("kind", ["label-spreading", "adabn"])
def test_no_guard_is_for_runs_that_are_all_alike(kind):
    with pytest.raises(InputError, match=f"guard: tells nothing of {kind}"):
        Adaptation(kind=kind, guard=True)


def test_label_spreading_learns_labels_of_the_graph_and_makes_them_anew_half_way(
    network, monkeypatch
):
    model, target = network
    asked = []

    def of_graph(features, logits):
        asked.append((features, logits))
        return torch.full((len(logits),), len(asked))

    monkeypatch.setattr(pseudo_labels, "of_graph", of_graph)
    views = training.Views(rows_of(target), 32, View(), "views", 0)
    task = adaptation.Task(copy.deepcopy(model).train(), views, None, None, 0.5, 5)
    loss_fn = adaptation.method("label-spreading")(task)
    seen = image_views.plain(target)
    for step in range(5):
        loss, measured = loss_fn(step)
        _, logits = task.target_batch(step)
        label = torch.full((32,), 1 if step < 2 else 2)
        expected = torch.nn.functional.cross_entropy(logits, label)
        torch.testing.assert_close(measured["pseudo"], expected)
        torch.testing.assert_close(loss, 0.5 * measured["pseudo"])
        assert task.model.training
    assert len(asked) == 2
    # first of the teacher as it came, without a frozen body by what its own head reads
    torch.testing.assert_close(asked[0][0], model.features(seen).detach())
    torch.testing.assert_close(asked[0][1], model(seen).detach())
    # then of the network in the target's statistics
    assert not torch.allclose(asked[1][1], asked[0][1])


@pytest.mark.parametrize("held", [1, 2, 10**6])
def test_neighbours_are_the_same_however_many_cosines_fit(held):
    features = torch.rand(9, 4, generator=torch.Generator().manual_seed(0))
    weights, others = pseudo_labels.nearest(features, 3, held)
    cosines = torch.nn.functional.cosine_similarity(features[:, None], features[None], dim=2)
    cosines.fill_diagonal_(-1)
    expected, where = cosines.topk(3)
    assert torch.equal(others, where)
    torch.testing.assert_close(weights, expected**3 / (expected**3).sum(1, keepdim=True))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_few_rows_all_others_are_neighbours(count):
    features, logits = torch.eye(4)[:count], 5 * torch.eye(3)[:count]
    weights, others = pseudo_labels.nearest(features, 10)
    assert weights.shape == others.shape == (count, max(1, count - 1))
    labels = pseudo_labels.of_neighbours(features, logits, torch.full((3,), 1 / 3))
    assert labels.shape == (count,)
    if count == 1:
        assert pseudo_labels.of_neighbours(features, logits).tolist() == [0]


@pytest.mark.parametrize("kind", adaptations.LABELLING)
def test_pseudo_labels_are_of_neighbours_where_asked(kind, network, digits, monkeypatch):
    model, target = network
    source, labels = digits(64, seed=3)
    asked = []
    monkeypatch.setattr(
        pseudo_labels,
        "of_neighbours",
        lambda features, logits, shares, count: asked.append(count) or logits.argmax(1),
    )
    for count in (0, 7):
        views = [training.Views(rows_of(x), 32, View(), "views", 0) for x in (target, source)]
        task = adaptation.Task(copy.deepcopy(model), *views, labels, 0.5, 10)
        task.options["neighbours"] = count
        loss_fn = adaptation.method(kind)(task)
        for step in (0, 4):  # the first label of joint-mcc is that of step 4
            loss_fn(step)
    assert set(asked) == {7}


def test_joint_sinkhorn_takes_the_shares_of_the_sources_labels(network, digits, monkeypatch):
    model, target = network
    source, labels = digits(64, seed=3)
    ranges = View(10.0, 0.1, 0.1)
    views = [training.Views(rows_of(x), 32, ranges, "views", 0) for x in (target, source)]
    task = adaptation.Task(copy.deepcopy(model), views[0], views[1], labels, 1.0, 10)
    asked = []

    def relabel(task, shares):
        asked.append(shares)
        return torch.zeros(task.target.count, dtype=torch.long)

    monkeypatch.setattr(shot, "relabel", relabel)
    joint.joint_sinkhorn(task)(0)
    torch.testing.assert_close(asked[0], torch.bincount(labels, minlength=10) / 64)


def test_joint_mcc_is_mcc_first_and_then_has_labels_of_joint_sinkhorn_beside_it(network, digits):
    model, target = network
    source, labels = digits(64, seed=3)

    def at(kind, step):
        views = [training.Views(rows_of(x), 32, View(), "views", 0) for x in (target, source)]
        task = adaptation.Task(copy.deepcopy(model).train(), *views, labels, 0.5, 2 * per_epoch)
        task.options |= {"pseudo": 2.0, "temperature": 4.0}
        return adaptation.method(kind)(task)(step)

    per_epoch = training.Views(rows_of(target), 32, View(), "views", 0).per_epoch
    loss, measured = at("joint-mcc", 0)
    plain, confused = at("mcc", 0)
    assert torch.equal(loss, plain) and torch.equal(measured["target"], confused["target"])
    loss, measured = at("joint-mcc", per_epoch)
    plain, _ = at("mcc", per_epoch)
    torch.testing.assert_close(loss, plain + 2 * measured["pseudo"])
    _, theirs = at("joint-sinkhorn", per_epoch)
    assert torch.equal(measured["pseudo"], theirs["pseudo"])


def test_joint_mcc_counts_no_label_of_the_teacher_as_it_was(network, digits, monkeypatch):
    """Also where an epoch is longer than half of the run; and makes none that do not count."""
    model, target = network
    source, labels = digits(64, seed=3)

    def labelled(batch, steps, kind="joint-mcc"):
        at = []
        monkeypatch.setattr(shot, "relabel", lambda task, shares: at.append(now) or labels)
        views = [training.Views(rows_of(x), batch, View(), "views", 0) for x in (target, source)]
        task = adaptation.Task(copy.deepcopy(model).train(), *views, labels, 0.5, steps)
        loss_fn = adaptation.method(kind)(task)
        for now in range(steps):
            loss_fn(now)
        return at

    assert labelled(8, 6) == [3]  # eight steps an epoch
    assert labelled(8, 20) == [8, 16]  # labels count from step 10
    assert labelled(32, 9) == [4, 6, 8]
    assert labelled(32, 1) == []
    assert labelled(32, 5, "joint-sinkhorn") == [0, 2, 4]


def test_a_batch_of_one_row_has_no_covariance(network, digits):
    model, target = network
    source, labels = digits(64, seed=3)
    views = [training.Views(rows_of(x), 1, View(), "views", 0) for x in (target, source)]
    task = adaptation.Task(copy.deepcopy(model).train(), *views, labels, 1.0, 5)
    with pytest.raises(InputError, match="--kind coral: a batch of one row has no covariance"):
        adaptation.method("coral")(task)


def test_some_rows_keep_their_own_features(network):
    _, target = network
    values = torch.arange(len(target), dtype=torch.float32)[:, None]
    data = rows_of(target)._replace(features=domains.Features(values, {}, ""))
    assert data.some(torch.tensor([5, 6])).plain(torch.tensor([0, 1])).flatten().tolist() == [5, 6]


@pytest.mark.parametrize("kind", sorted(ADAPTATIONS.keys() - {"naive-bayes"}))  # no bag here
def test_an_adaptation_draws_nothing_from_the_stream_of_its_process(kind, network, digits):
    """That begins elsewhere in each process: its run would not be made again."""
    model, target = network
    source, labels = digits(64, seed=3)

    def first_losses(state, seed):
        torch.manual_seed(state)
        pairs = (("target", target), ("source", source))
        ranges = View(10.0, 0.1, 0.1)
        views = [training.Views(rows_of(x), 32, ranges, name, seed) for name, x in pairs]
        task = adaptation.Task(copy.deepcopy(model).train(), *views, labels, 1.0, 10)
        loss_fn = adaptation.method(kind)(task)
        after = torch.rand(1)
        if loss_fn:
            loss_fn(5)[0].backward()
            return [*(p.grad for p in task.model.parameters() if p.grad is not None), after]
        return [after]

    one, two = first_losses(1, 0), first_losses(2, 0)
    assert all(map(torch.equal, one[:-1], two[:-1]))
    assert torch.equal(one[-1], torch.rand(1, generator=torch.Generator().manual_seed(1)))
    if kind in ("dann", "cdan"):  # what judges is another one for another seed
        other = first_losses(1, 1)
        assert not all(map(torch.equal, one[:-1], other[:-1]))


def test_a_strong_view_is_drawn_from_its_own_ranges_or_has_twice_the_changes(digits):
    target = digits(32, seed=2)[0]
    weak, strong = View(rotation=10, flip=0.0), View(rotation=0, translation=0, scale=0, erasing=1)

    def seen(others):
        views = training.Views(rows_of(target), 32, weak, 1, others=others)
        task = adaptation.Task(build("mlp-3", seed=0), views, None, None, 1.0, 1)
        task.source_batch = lambda step: (None, None, torch.zeros(()))
        found = {}
        view = views.view

        def kept(rows, step, name="view", strength=1.0):
            found[name] = view(rows, step, name, strength), strength
            return found[name][0]

        views.view = kept
        ADAPTED["fixmatch"](task)(0)
        return views, found

    views, found = seen({"strong": strong})
    assert {name: strength for name, (_, strength) in found.items()} == {"view": 1.0, "strong": 1.0}
    plain = image_views.plain(target)[views.indices(0)]
    changed = found["strong"][0] != plain
    assert changed.flatten(1).any(1).all()  # something of each is erased
    assert changed.float().mean() < 0.5  # and the rest lies where it lay
    _, found = seen({})
    assert found["strong"][1] == 2.0
    assert not torch.equal(found["strong"][0], found["view"][0])


ADAPTED = {name: registry.load(adaptations.__name__, at) for name, at in ADAPTATIONS.items()}


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("shot", "pseudo", (0.0, 1.0)),
        ("mcc", "temperature", (1.0, 9.0)),
        ("fixmatch", "threshold", (0.0, 0.99)),
    ],
)
def test_an_option_changes_its_methods_loss_and_stands_for_no_other(kind, name, values, digits):
    images, labels = digits(48, seed=1)
    found = []
    for value in values:
        views = [training.Views(rows_of(images), 16, View(), end, 1) for end in "ts"]
        task = adaptation.Task(build("cnn-3", seed=0).train(), *views, labels, 1.0, 10)
        assert task.options[name] == {"pseudo": 0.3, "temperature": 2.5, "threshold": 0.95}[name]
        task.options[name] = value
        found.append(ADAPTED[kind](task)(0)[0].item())
    assert found[0] != found[1]
    other = "mcc" if kind != "mcc" else "shot"
    with pytest.raises(InputError, match=f"is for .*{kind}.*, not for {other}"):
        Adaptation(kind=other, **{name: values[1]})


def test_epochs_count_in_the_place_of_steps():
    assert Training(epochs=1.5, steps=7).counted(20).steps == 30
    assert Training(steps=7).counted(20).steps == 7
    assert Training(epochs=0.01).counted(20).steps == 1
    with pytest.raises(InputError, match="epochs"):
        Training(epochs=1.0).check_steps()
