# what code a rule depends on
import ast
from pathlib import Path

# modules that load others by a name: all that a name may mean
LOADED = {
    "kinds": ["image"],
    "networks": ["image/networks"],
    "adaptation": ["learning/adaptations"],
    "distillation": ["learning/losses"],
}


def code(script):
    """A script and every module of ours that it imports, directly or not.

    All are inputs of the rule, so an edit reruns what depends on it and nothing else;
    `local`, so that they are looked for here also where results lie in a bucket.
    """
    found, waiting = [], [Path("scripts") / script]
    while waiting:
        path = waiting.pop(0)
        if str(path) not in found:
            found.append(str(path))
            waiting += imported_modules(path)
            for folder in LOADED.get(path.stem, ()):
                waiting += sorted(Path("scripts/distilshift", folder).glob("*.py"))
    return [local(path) for path in found]


def imported_modules(path):
    """The files of the distilshift modules, and packages, that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module.split(".")[0] == "distilshift"
        ):
            names |= {node.module, *(f"{node.module}.{n.name}" for n in node.names)}
        # a package whose names are loaded when they are asked for: any of its modules
        if isinstance(node, ast.Constant) and str(node.value).startswith(
            "distilshift."
        ):
            package = Path("scripts", *node.value.split("."))
            names |= {f"{node.value}.{at.stem}" for at in package.glob("[!_]*.py")}
    names |= {
        name.rsplit(".", up)[0] for name in names for up in range(name.count("."))
    }
    files = set()
    for name in names:
        at = Path("scripts", *name.split("."))
        files |= {at.with_suffix(".py"), at / "__init__.py"}
    return sorted(file for file in files if file.is_file())
