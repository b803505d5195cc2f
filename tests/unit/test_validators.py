"""Each validator against a closed form, and against what must not change it."""

import validate
from distilshift.analysis import validators
from distilshift.files import tables

import numpy as np
import pytest
import yaml

SURE = 60.0  # a logit that makes a softmax one-hot in double precision
LABELS = np.arange(600) % 6


def one_hot(classes, width=6):
    return SURE * np.eye(width)[classes]


def random(seed=0, n=600, width=6):
    return np.random.default_rng(seed).normal(0, 2, (n, width))


def test_entropy():
    assert validators.entropy(np.zeros((5, 8))) == pytest.approx(-np.log(8))
    assert validators.entropy(one_hot(LABELS)) == pytest.approx(0, abs=1e-12)
    half = np.log([[0.75, 0.25]])
    assert validators.entropy(half) == pytest.approx(0.75 * np.log(0.75) + 0.25 * np.log(0.25))


def test_information_maximisation():
    assert validators.information_maximisation(one_hot(LABELS)) == pytest.approx(np.log(6))
    undecided = validators.information_maximisation(np.zeros((5, 8)))
    assert undecided == pytest.approx(0, abs=1e-12)
    # sure, but of one class alone: what entropy takes for perfect
    one_class = one_hot(np.zeros(600, int))
    assert validators.information_maximisation(one_class) == pytest.approx(0, abs=1e-12)
    assert validators.entropy(one_class) == pytest.approx(0, abs=1e-12)


def test_soft_neighbourhood_density():
    # all alike: every neighbour is as near as any other
    assert validators.snd(np.zeros((9, 3))) == pytest.approx(np.log(8))
    # six tight groups of 100: the 99 of one's own outweigh the others by exp(1 / T)
    assert validators.snd(one_hot(LABELS)) == pytest.approx(np.log(99), abs=1e-4)
    # two samples of two classes have but one neighbour each
    assert validators.snd(one_hot(np.array([0, 1]))) == pytest.approx(0)
    # e^20 of one's like and e^0 of the other, by hand
    share = np.array([np.e**20, 1]) / (np.e**20 + 1)
    of_two = -(share * np.log(share)).sum()
    # the third sample has two equal neighbours
    expected = (2 * of_two + np.log(2)) / 3
    assert validators.snd(one_hot(np.array([0, 0, 1]))) == pytest.approx(expected)


def test_nuclear_norm_is_that_of_the_singular_values():
    z = random()
    p = validators.softmax(z)
    expected = np.linalg.svd(p, compute_uv=False).sum() / np.sqrt(p.size)
    assert validators.bnm(z) == pytest.approx(expected)
    assert validators.bnm(one_hot(LABELS)) == pytest.approx(1)
    assert validators.bnm(one_hot(np.zeros(600, int))) == pytest.approx(1 / np.sqrt(6))


def test_class_cluster_agreement():
    noise = np.random.default_rng(1).normal(0, 0.1, (600, 6))
    assert validators.class_cluster(one_hot(LABELS) / 10 + noise) == pytest.approx(1)
    assert abs(validators.class_cluster(1e-3 * random())) < 0.5
    # predictions that cut across the groups: four clear groups of the first two logits,
    # the class decided by a hair of the third and the fourth
    groups = np.array([[9, 0], [0, 9], [9, 9], [0, 0]])[LABELS[:400] % 4]
    hair = np.random.default_rng(2).normal(10, 0.01, (400, 2))
    assert validators.class_cluster(np.hstack([groups, hair])) < 0.1


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_target_of_fewer_rows_than_classes_has_every_score(rows):
    """It ended in a traceback, after all training; a row alone is its own neighbour."""
    target, source = random(n=rows), random(1)
    found = {name: function(target) for name, function in validators.OF_TARGET.items()}
    for name, function in validators.OF_BOTH.items():
        found[name] = function(target, source, LABELS)
    near = (np.arange(rows)[:, None] + 1) % rows
    found[validators.NEIGHBOURS] = validators.neighbour_information(target, near)
    assert np.isfinite(list(found.values())).all()
    assert 0 <= found["snd"] <= np.log(max(1, rows - 1)) + 1e-12


def beside(classes, near=4):
    """Each row's others of the same class, the next ones in turn."""
    found = np.empty((len(classes), near), int)
    for one in np.unique(classes):
        rows = np.flatnonzero(classes == one)
        for step in range(near):
            found[rows, step] = np.roll(rows, step + 1)
    return found


def test_what_is_said_of_neighbours():
    said = validators.neighbour_information
    near = beside(LABELS)
    assert said(np.zeros((600, 6)), near) == pytest.approx(0, abs=1e-12)
    assert said(one_hot(LABELS), near) == pytest.approx(np.log(6))
    assert said(one_hot(np.zeros(600, int)), near) == pytest.approx(0, abs=1e-12)
    # two groups that are called one: their share of a third is said with log 3
    merged = said(one_hot(np.minimum(LABELS, 4)), near)
    assert merged == pytest.approx(4 / 6 * np.log(6) + 2 / 6 * np.log(3))
    # by hand: two rows, each the other's neighbour, (3/4, 1/4) and (1/4, 3/4)
    two = np.log([[0.75, 0.25], [0.25, 0.75]])
    same, other = 3 / 16, 5 / 16  # of Q on the diagonal and off it
    by_hand = 2 * same * np.log(4 * same) + 2 * other * np.log(4 * other)
    assert said(two, np.array([[1], [0]])) == pytest.approx(by_hand)


def test_the_neighbours_see_an_even_cut_through_a_common_class():
    """As on spam: what asks for even classes takes the half of the common one for the rare one."""
    rare = (np.arange(600) % 8 == 0).astype(int)
    half = np.arange(600) % 2
    near = beside(rare, 9)
    right, even = (one_hot(classes, 2) for classes in (rare, half))
    assert validators.bnm(right) < validators.bnm(even)
    assert validators.information_maximisation(right) < validators.information_maximisation(even)
    found = [validators.neighbour_information(one, near) for one in (right, even)]
    assert found[0] > 10 * found[1]


def test_source_accuracy():
    source = one_hot(np.array([0, 1, 2, 2]))
    assert validators.source_accuracy(random(), source, np.array([0, 1, 2, 3])) == 0.75


def test_importance_weights_count_the_source_samples_that_look_like_the_target():
    # half of the source lies where the target lies, and there the network is wrong
    generator = np.random.default_rng(3)
    far, near = (generator.normal((x, 0), 0.3, (500, 2)) for x in (4, -4))
    target = generator.normal((-4, 0), 0.3, (1000, 2))
    source = np.concatenate([far, near])
    labels = np.concatenate([far.argmax(1), 1 - near.argmax(1)])
    assert validators.source_accuracy(target, source, labels) == 0.5
    assert validators.importance_weighted(target, source, labels) < 0.1
    # where the domains are alike it is the source accuracy
    alike = validators.importance_weighted(source, source, labels)
    assert alike == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", validators.NAMES[:-3])
def test_no_validator_sees_a_constant_or_the_order_of_samples(name):
    target, source = random() / 4 + one_hot(LABELS) / 10, random(1, 300)
    labels, near = LABELS[:300], beside(LABELS)
    order = np.random.default_rng(4).permutation(len(target))
    found = []
    shifted = target + np.linspace(-9, 9, len(target))[:, None]
    places = np.argsort(order)  # where a row has gone
    for z, others in ((target, near), (shifted, near), (target[order], places[near[order]])):
        if name == validators.NEIGHBOURS:
            found.append(validators.neighbour_information(z, others))
        elif name in validators.OF_TARGET:
            found.append(validators.OF_TARGET[name](z))
        else:
            found.append(validators.OF_BOTH[name](z, source, labels))
    assert found == pytest.approx([found[0]] * 3, abs=1e-6)


def test_ranks_of_several_scores_count_alike_and_equals_share_one():
    found = validators.standing([0.1, 0.9, 0.5], [7, 7, 90])
    assert found == pytest.approx([(1 + 1.5) / 6, (3 + 1.5) / 6, (2 + 3) / 6])


def test_a_better_teachers_students_come_first_and_then_the_better_student():
    # neighbours contradict the first, and what they say of the others is not compared
    known = {"none": (0.9, 0.1), "shot": (0.8, 0.6), "mcc": (0.5, 1.0)}
    names = ("bnm", "neighbour_information")
    teachers = {name: dict(zip(names, both, strict=True)) for name, both in known.items()}
    students = [
        ("none", {"class_cluster": 0.99, "agreement": 0.99}),
        ("shot", {"class_cluster": 0.1, "agreement": 0.2}),
        ("shot", {"class_cluster": 0.2, "agreement": 0.3}),
        ("own", {"class_cluster": 0.9}),  # of logits of the user's own
    ]
    validate.teacher_first(teachers, students, 0.5, 0.0)
    place = [one["teacher_first"] for one in teachers.values()]
    assert place == pytest.approx([1 / 3, 1, 2 / 3])
    found = [scores.get("teacher_first") for _, scores in students]
    assert found == [pytest.approx(1 / 3), pytest.approx(11 / 12), pytest.approx(1), None]


def test_neighbours_that_do_not_know_the_sources_labels_are_not_asked():
    """As of sentiment: what lies together is of one topic, whatever is said of it."""
    teachers = {
        "joint": {"bnm": 0.99, "neighbour_information": 0.1},
        "spread": {"bnm": 0.97, "neighbour_information": 0.4},
    }
    for known, first in ((0.42, "joint"), (0.74, "spread")):
        validate.teacher_first(teachers, [], known, 0.0)
        assert max(teachers, key=lambda name: teachers[name]["teacher_first"]) == first


def test_other_seeds_are_asked_where_they_know_the_source():
    """As of optdigits to mnist5k: a teacher is sure and even, and says another thing each time."""
    said = {"neighbour_information": 1.3}
    teachers = {
        "joint": {"bnm": 0.99, "seed_agreement": 0.87, **said},
        "posed": {"bnm": 0.98, "seed_agreement": 0.94, **said},
    }

    def first(known_by_seeds: float) -> str:
        validate.teacher_first(teachers, [], 1.0, known_by_seeds)
        return max(teachers, key=lambda name: teachers[name]["teacher_first"])

    assert (first(0.49), first(0.5)) == ("joint", "posed")
    # two seeds may be wrong alike, and neighbours see it
    teachers["posed"]["neighbour_information"] = 0.6
    assert first(1.0) == "joint"


def test_what_seeds_know_of_labels():
    labels = np.zeros(100, int)
    apart, alike = np.zeros((2, 3, 100), int)
    for seed in range(3):
        apart[seed, 10 * seed : 10 * seed + 10] = 1  # each is wrong of other rows
        alike[seed, : 10 + seed] = 1
    assert validators.known_by_seeds(labels, apart) == pytest.approx(2)
    assert validators.known_by_seeds(labels, alike) == pytest.approx((4 / 3) / 11)
    assert validators.known_by_seeds(labels, apart[:1]) == 0  # one seed, or no error
    assert validators.known_by_seeds(labels, np.zeros((3, 100), int)) == 0
    assert validators.known_by_seeds(labels, []) == 0


def test_agreement_is_of_seeds_of_one_recipe():
    def network(seed: int, **changes) -> dict:
        return {**dict.fromkeys(tables.IDENTITY), "adaptation": "shot", "seed": seed, **changes}

    networks = [network(0), network(1), network(2), network(0, adaptation="none")]
    networks += [network(0, round=2), network(1, round=2)]
    said = np.array([[0, 1, 2, 1], [0, 1, 2, 2], [0, 0, 0, 0], [0, 1, 2, 1], [5] * 4, [5] * 4])
    found = validate.seed_agreements(networks, [*said])
    assert found[:3] == pytest.approx([(3 / 4 + 1 / 4) / 2, (3 / 4 + 1 / 4) / 2, 1 / 4])
    assert np.isnan(found[3]) and found[4:] == [1, 1]
    # own logits go by their file, whose name may have the seed in it
    own = [network(n, adaptation="mine", method="kd", teacher=f"mine-{n}.parquet") for n in (0, 1)]
    assert validate.seed_agreements(own, [*said[:2]]) == [3 / 4, 3 / 4]


def test_two_seeds_agree_as_often_as_one_is_right_where_they_are_calibrated_together():
    """A share of the samples is hard, and there each seed's class is drawn anew."""
    random = np.random.default_rng(0)
    hard = random.random(20000) < 0.3
    said = [np.where(hard, random.integers(0, 10, 20000), 3) for _ in range(3)]
    found = validate.seed_agreements(
        [{**dict.fromkeys(tables.IDENTITY), "seed": n} for n in range(3)], said
    )
    assert found == pytest.approx([np.mean(one == 3) for one in said], abs=0.02)


def test_what_neighbours_know_of_labels():
    known = validators.known_by_neighbours
    assert known(LABELS, beside(LABELS)) == pytest.approx(1)
    # one of three neighbours of a class of a half each: o = 1/3, e = 1/2
    labels, near = np.array([0, 0, 1, 1]), np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    assert known(labels, near) == pytest.approx(-1 / 3)
    rare = (np.arange(600) % 8 == 0).astype(int)
    chance = np.random.default_rng(0).integers(0, 600, (600, 50))
    assert known(rare, chance) == pytest.approx(0, abs=0.02)
    assert known(np.zeros(9, int), np.zeros((9, 1), int)) == 0  # nothing to be known


def test_equal_teachers_share_a_place_and_their_students_are_held_side_by_side():
    teachers = {name: {"bnm": 0.5, "neighbour_information": 2.0} for name in "ab"}
    students = [
        (of, {"class_cluster": value, "agreement": value})
        for of, value in (("a", 0.1), ("a", 0.9), ("b", 0.5))
    ]
    validate.teacher_first(teachers, students, 1.0, 0.0)
    assert [s["teacher_first"] for _, s in students] == pytest.approx([0.625, 0.75, 0.75])


def test_the_quadratic_ones_look_at_some_and_always_at_the_same():
    many = random(5, 5000)
    assert validators.some(many).shape == (2000, 6)
    assert np.array_equal(validators.some(many), validators.some(many))
    assert len(np.unique(validators.some(many), axis=0)) == 2000
    assert validators.snd(many) == validators.snd(validators.some(many))


def test_coverage_is_the_share_of_classes_in_use():
    assert validators.coverage(LABELS, 6) == pytest.approx(1)
    assert validators.coverage(LABELS % 3, 6) == pytest.approx(1 / 2)
    assert validators.coverage(np.zeros(600, int), 6) == pytest.approx(1 / 6)


BALANCED = np.arange(1000) % 10


def test_the_alarm_sounds_where_one_class_of_ten_is_lost():
    exchanged = np.where(BALANCED == 7, 2, np.where(BALANCED == 2, 7, BALANCED))
    assert not validators.collapsed(BALANCED, BALANCED, 10)
    assert not validators.collapsed(exchanged, BALANCED, 10)  # no score sees that
    assert validators.collapsed(np.where(BALANCED == 7, 2, BALANCED), BALANCED, 10)
    # 9 of 1000 are less than 1 / (10 C), 10 are not
    for kept, alarm in ((9, True), (10, False)):
        lost = np.flatnonzero(BALANCED == 7)[kept:]
        predicted = BALANCED.copy()
        predicted[lost] = 2
        assert validators.collapsed(predicted, BALANCED, 10) == alarm


def test_the_alarm_is_still_for_rare_classes_and_for_one_of_many():
    few = np.where((BALANCED == 7) & (np.arange(1000) % 50 != 7), 2, BALANCED)  # 2 % are 7
    assert not validators.collapsed(np.where(few == 7, 2, few), few, 10)
    many = np.arange(34500) % 345
    assert not validators.collapsed(np.where(many == 7, 2, many), many, 345)
    assert validators.collapsed(many % 300, many, 345)


def test_the_config_knows_every_validator(request):
    path = request.config.rootpath / "workflow/schemas/config.schema.yaml"
    criterion = yaml.safe_load(path.read_text())["properties"]["requirement"]["properties"]
    assert criterion["criterion"]["enum"] == [*validators.NAMES, "oracle_accuracy"]
