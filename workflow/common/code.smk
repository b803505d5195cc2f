# where the files of this repository lie, and what code a rule depends on
import ast
from functools import cache
from pathlib import Path

# the checkout that this file lies in; what it gives of a remote repository is no folder
CHECKOUT = Path(workflow.snakefile).parents[2]


def source(path):
    """A file of this repository, as a job is told it.

    It lies in the checkout, wherever that is; of a repository that a workflow uses as a
    module by its address Snakemake fetches it into a cache that keeps the folders.
    """
    if not CHECKOUT.is_dir():
        return workflow.source_path(f"../../{path}")
    found = CHECKOUT / path
    # `local`, so that it is looked for here also where results lie in a bucket
    here = found.is_relative_to(Path.cwd())
    return local(str(found.relative_to(Path.cwd()) if here else found))


@cache
def is_source(path):
    """Whether this repository has such a file."""
    if CHECKOUT.is_dir():
        return (CHECKOUT / path).is_file()
    try:
        return bool(source(path))
    except WorkflowError:
        return False


@cache
def read(path):
    """The text of a file of this repository."""
    return Path(source(path)).read_text(encoding="utf-8")


@cache
def code(script):
    """A script and every module of ours that it imports, directly or not.

    All are inputs of the rule, so an edit reruns what depends on it and nothing else.
    """
    found, waiting = [], [f"scripts/{script}"]
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found.append(path)
            waiting += imported_modules(path)
    return [source(path) for path in found]


@cache
def imported_modules(path):
    """The files of the distilshift modules, and packages, that a file imports."""
    found = []
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("distilshift"):
            found += module_files(node.module)
            if not is_source(place_of(node.module)):  # of a package, not of a module
                for name in node.names:
                    found += module_files(f"{node.module}.{name.name}")
    return list(dict.fromkeys(found))


def place_of(name):
    """Where a module of ours lies, if it is no package."""
    return f"scripts/{name.replace('.', '/')}.py"


@cache
def module_files(name):
    """The file of a module, or of a package, and those of the packages around it."""
    around = [name.rsplit(".", up)[0] for up in range(name.count(".") + 1)]
    packages = [place_of(f"{package}.__init__") for package in reversed(around)]
    is_module = "." in name and is_source(place_of(name))
    files = [*packages[:-1], place_of(name)] if is_module else packages
    return list(filter(is_source, files))
