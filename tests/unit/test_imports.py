"""Who imports whom, read from the source."""

import ast
import graphlib
import subprocess
import sys

from distilshift.data import kinds

import pytest


def imports(path):
    """The names that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture
def scripts(request):
    return request.config.rootpath / "scripts"


@pytest.fixture
def modules(scripts):
    """module -> the modules of ours that it imports."""
    package = scripts / "distilshift"
    names = {
        ".".join(path.relative_to(scripts).with_suffix("").parts).removesuffix(".__init__"): path
        for path in package.rglob("*.py")
    }
    return {
        name: set(imports(path)) & (names.keys() - {name, "distilshift"})
        for name, path in names.items()
    }


def test_modules_import_in_one_direction(modules):
    assert len(modules) > 15
    order = list(graphlib.TopologicalSorter(modules).static_order())
    assert order.index("distilshift.errors") < order.index("distilshift.files.tensors")


def test_the_circle_check_can_fail(modules):
    modules["distilshift.errors"].add("distilshift.learning.training")
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(modules).prepare()


# what each room may import, besides itself; a wing knows no other wing, and not learning
TOP = {"errors", "extras", "seeds", "cli", "settings", "registry", "device", "own_modules"}
TOP |= {"model_names", "row_names", "glyphs"}
ROOMS = {
    "files": TOP,
    "data": TOP | {"files"},
    "networks": TOP | {"files", "data"},
    "classifiers": TOP | {"files", "data", "networks"},
    "exports": TOP | {"classifiers"},
    "costs": set(),
    "probes": TOP | {"data", "networks"},
    "checkpoints": TOP | {"networks"},
    "learning": TOP | {"files", "data", "networks", "checkpoints"},
    "analysis": TOP | {"files"},
    **{kind: TOP | {"files", "data", "networks"} for kind in kinds.KINDS},
}


def strangers(modules):
    """(module, what it imports and may not)."""
    for name, imported in modules.items():
        room = name.split(".")[1] if "." in name else ""
        for other in imported:
            beside = other.split(".")[1]
            if room and beside not in ROOMS.get(room, TOP) | {room}:
                yield name, other


def test_rooms_are_entered_in_one_direction(modules):
    assert not list(strangers(modules))
    assert {name.split(".")[1] for name in modules if "." in name} == TOP | ROOMS.keys()


def test_the_direction_check_can_fail(modules):
    modules["distilshift.image.pose"].add("distilshift.learning.training")
    modules["distilshift.learning.training"].add("distilshift.image.views")
    modules["distilshift.analysis.ladder"].add("distilshift.data.domains")
    assert len(list(strangers(modules))) == 3


def test_pure_modules_import_nothing_of_ours(modules):
    for name in ("errors", "seeds", "learning.losses.dist", "analysis.metrics", "learning.budgets"):
        assert modules[f"distilshift.{name}"] == set(), name


def test_tables_and_figures_do_without_torch(scripts):
    """Importing it takes longer than they do."""
    modules = "cards, comparisons, figures, ladder, statistics"
    code = f"import sys; from distilshift.analysis import {modules};"
    code += "from distilshift.files import tables; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_modules_never_import_scripts(scripts, modules):
    programs = {path.stem for path in scripts.glob("*.py")}
    for name in modules:
        path = scripts / name.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        assert not programs & set(imports(path)), name


def test_no_pickle_is_ever_loaded(scripts):
    for path in scripts.rglob("*.py"):
        source = path.read_text()
        assert not {"pickle", "joblib", "shelve", "dill"} & set(imports(path)), path
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in calls:
            given = {argument.arg: ast.unparse(argument.value) for argument in call.keywords}
            name = ast.unparse(call.func)
            assert name.split(".")[-1] != "read_pickle", path
            if name == "torch.load":
                assert given["weights_only"] == "True", path
            if name in ("np.load", "numpy.load"):
                assert given["allow_pickle"] == "False", path


def test_the_workflow_imports_neither_torch_nor_pandas(request):
    files = [*(request.config.rootpath / "workflow").rglob("*.smk")]
    found = {
        line.split()[1].split(".")[0]
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert "ast" in found
    assert not found & {"torch", "torchvision", "pandas", "numpy", "distilshift"}


TORCHLESS = [
    "evaluate",
    "validate",
    "select_round",
    "select_settings",
    "combine_logits",
    "import_logits",
]


@pytest.mark.parametrize("name", TORCHLESS)
def test_a_step_without_networks_does_not_wait_for_torch(scripts, name):
    """Directly or not: importing torch takes longer than the whole step."""
    seen, waiting = set(), [scripts / f"{name}.py"]
    while waiting:
        for module in set(imports(waiting.pop())) - seen:
            seen.add(module)
            path = scripts / module.replace(".", "/")
            waiting += [p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()]
    assert {"distilshift.cli", "pyarrow"} <= seen
    assert not {module.split(".")[0] for module in seen} & {"torch", "torchvision"}
