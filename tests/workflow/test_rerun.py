"""What an edit reruns: what depends on it, and nothing else."""

import contextlib

import pytest
from copies import SMALL

PLOTS = {"plot_ladder", "plot_domains", "plot_curves", "plot_confusion"}
PLOTS |= {"plot_calibration", "plot_decomposition", "plot_cost"}
TABLES = {"tabulate_ladder", "tabulate_statistics", "write_cards"}
SCORED = {"validate", "select", "tabulate_selection"}
END = {"predict", "evaluate", *SCORED, "summarize", *TABLES, *PLOTS, "everything"}
TRAINED = {"train_teacher", "adapt_teacher", "cache_logits", "distill_student", "train_student"}


@contextlib.contextmanager
def edited(copy, name, old, new):
    """A copy with one file changed; ``old`` None appends."""
    path = copy.folder / name
    before = path.read_text()
    assert old is None or old in before, f"{old} is not in {name}"
    path.write_text(before + new if old is None else before.replace(old, new))
    try:
        yield
    finally:
        path.write_text(before)


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run()


COMMENT = "\n# a thought\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "scripts/distilshift/learning/losses/kd.py",
            None,
            COMMENT,
            {"distill_student", *END} - {"plot_domains"},
        ),
        (
            "scripts/distilshift/learning/losses/kd.py",
            "return temperature**2 *",
            "return",
            {"distill_student", *END} - {"plot_domains"},
        ),
        ("scripts/distilshift/analysis/figures.py", None, COMMENT, {*PLOTS, "everything"}),
        ("scripts/plot_curves.py", None, COMMENT, {"plot_curves", "everything"}),
        ("CONTRIBUTING.md", None, COMMENT, set()),
        (
            "tests/config.yaml",
            "temperature: 3.0",
            "temperature: 4.0",
            {"distill_student", *END} - {"plot_domains"},
        ),
        ("tests/config.yaml", "device: cpu", "device: auto", set()),
        (
            "tests/config.yaml",
            "device: cpu",
            "requirement: {criterion: snd, value: 1.5}\ndevice: cpu",
            {"select", "everything"},
        ),
        (
            "tests/config.yaml",
            "device: cpu",
            "requirement: {criterion: oracle_accuracy}\ndevice: cpu",
            {"select", "everything"},
        ),
        (
            "tests/config.yaml",
            "device: cpu",
            "figures: {width: 3.3}\ndevice: cpu",
            {*PLOTS, "everything"},
        ),
        (
            "tests/config.yaml",
            "device: cpu",
            "figures: {rows: {kd: 'a {brace}'}}\ndevice: cpu",
            {*TABLES, *PLOTS, "everything"} - {"plot_domains"},
        ),
        (  # tables and figures stand in the config's order
            "tests/config.yaml",
            "{none: {}, adabn: {}}",
            "{adabn: {}, none: {}}",
            END - {"plot_domains"},
        ),
        (
            "tests/config.yaml",
            "student: {steps: 20",
            "student: {steps: 30",
            {"distill_student", "train_student", "measure_cost", *END} - {"plot_domains"},
        ),
    ],
)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(finished, name, old, new, expected):
    with edited(finished, name, old, new):
        assert set(finished.planned(*SMALL)) == expected


def test_another_round_runs_its_own_jobs_and_what_joins_them(finished):
    planned = finished.planned(*SMALL, "--config", "rounds=2")
    students = 3  # two of the cnn, one of the mlp
    new = {"cache_round": students, "distill_student": students, "plot_rounds": 1}
    joined = {"predict": 2, "evaluate": 2, "validate": 2}  # not the oracles
    once = {*END, "select"} - {*joined, "plot_domains"}
    assert planned == {**new, **joined, **dict.fromkeys(once, 1)}


BY_NETWORK = {"cache_logits", "distill_student", "verify_logits", *END} - {"plot_domains"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (  # of one domain, a target: neither its teacher nor the other transfer
            "image/shifts/pixels.py",
            {"construct_domain", "train_student", "find_neighbours", *BY_NETWORK, "plot_domains"},
        ),
        (
            "image/datasets/packaged.py",
            {
                "download_dataset",
                "construct_domain",
                "verify_logits",
                "measure_cost",
                "find_neighbours",
                *TRAINED,
                *END,
            },
        ),
        (
            "image/networks/mlp.py",
            {"train_teacher", "train_student", "measure_cost", "find_neighbours", *BY_NETWORK},
        ),
        (
            "learning/adaptations/adabn.py",
            {"adapt_teacher", "cache_logits", "distill_student", "verify_logits", *END}
            - {"plot_domains"},
        ),
        # of others than the experiment has
        ("learning/losses/dist.py", set()),
        ("learning/adaptations/shot.py", set()),
        ("image/networks/torchvision.py", set()),
        ("image/datasets/cifar.py", set()),
        ("image/datasets/folders.py", set()),
        ("image/shifts/geometry.py", set()),
        ("image/shifts/corruptions.py", set()),
    ],
)
def test_an_edit_of_what_is_named_reruns_what_names_it(finished, name, expected):
    with edited(finished, f"scripts/distilshift/{name}", None, COMMENT):
        assert set(finished.planned(*SMALL)) == expected


@pytest.mark.parametrize(
    ("package", "before", "line"),
    [
        ("image/datasets", '    "mnist": ', '    "new-set": "new:new",\n'),
        ("image/shifts", '    "noise": ', '    "new_shift": "new:new",\n'),
        ("image/networks", '    "cnn": ', '    "new": "new:new",\n'),
        ("learning/losses", '    "kd": ', '    "new": "new:new",\n'),
        ("learning/adaptations", '    "adabn": ', '    "new": "new:new",\n'),
    ],
)
def test_a_new_name_reruns_nothing_and_is_known(finished, package, before, line):
    """A file and a line in the registry are all that it takes."""
    folder = finished.folder / "scripts/distilshift" / package
    (folder / "new.py").write_text("def new(*given):\n    raise NotImplementedError\n")
    registry = f"scripts/distilshift/{package}/__init__.py"
    with edited(finished, registry, before, line + before):
        assert finished.planned(*SMALL) == {}
    (folder / "new.py").unlink()


def test_cores_threads_and_granted_gpus_rerun_nothing(finished):
    args = ("--cores", "1", "--set-threads", "train_teacher=2", "--resources", "gpu=0")
    assert finished.planned(*SMALL, *args) == {}


def test_an_edit_taken_back_reruns_nothing(finished):
    assert finished.planned(*SMALL) == {}
