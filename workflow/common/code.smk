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
def literal(name, variable):
    """What a module of ours, which is not run for it, gives to a variable: text and numbers."""
    for node in ast.parse(read(place_of(name))).body:
        if variable in map(ast.unparse, getattr(node, "targets", [])):
            return ast.literal_eval(node.value)
    raise WorkflowError(f"{name} has no {variable}")


def place_of(name):
    """Where a module of ours lies, if it is no package."""
    return f"scripts/{name.replace('.', '/')}.py"


# the kind of data, which its key in the config says; images, where there is none
KINDS = literal("distilshift.data.kinds", "KINDS")
KIND = next((kind for kind in KINDS if kind in config), KINDS[0])
# what `kind.views` and its like mean in our code
WING = f"distilshift.{KIND}"

# packages that say in their `__init__`, in a dictionary of texts, where things lie by name
REGISTRIES = {
    f"{WING}.datasets",
    f"{WING}.networks",
    f"{WING}.shifts",
    "distilshift.learning.adaptations",
    "distilshift.learning.losses",
}


def code(script, used=lambda wildcards: ()):
    """An input function: a script and every module of ours that it needs.

    Those it imports, directly or not, and those of the things that a job names: ``used``
    gives them by its wildcards. A registry is none of them, nor is what else it names: a
    new dataset reruns nothing. So an edit reruns what depends on it and nothing else.
    """
    return lambda wildcards: closure(script, *used(wildcards))


@cache
def closure(script, *used):
    """The files of a script, of modules that it uses by name, and of all that they import.

    What is the user's own, a module or an encoder, is named by its files; their content, not
    their age, is what reruns (``own_content``).
    """
    own = own_among(used)
    named = [name for name in used if name not in own]
    found, waiting = [], [f"scripts/{script}", *sum(map(module_files, named), [])]
    registries = {place_of(f"{package}.__init__") for package in REGISTRIES}
    while waiting:
        path = waiting.pop(0)
        if path not in found and path not in registries:
            found.append(path)
            waiting += imported_modules(path)
    return [*(source(path) for path in found), *(ancient(local(path)) for path in own)]


def own_among(used):
    """The files of the user's own among what a job names; the rest are modules of ours."""
    return [name for name in used if name.endswith((".py", ".json", ".safetensors"))]


@cache
def contents(name):
    """What a registry defines; it imports nothing but its like."""
    defined = {}
    for node in ast.parse(read(module_files(name)[-1])).body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("distilshift"):
            theirs = contents(node.module)
            defined |= {
                name.asname or name.name: theirs[name.name] for name in node.names
            }
        else:
            exec(compile(ast.Module([node], []), name, "exec"), defined)
    return defined


def modules(package, entries, names):
    """The modules of names in a registry's dictionary, ``"module:function"``; of others none."""
    found = [entries[name].split(":")[0] for name in names if name in entries]
    return [f"{package}.{module}" for module in dict.fromkeys(found)]


@cache
def imported_modules(path):
    """The files of the distilshift modules, and packages, that a file imports or has loaded."""
    found = []
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Attribute) and is_kind(node.value):
            found += module_files(f"{WING}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module.startswith("distilshift"):
            found += module_files(node.module)
            if not is_source(place_of(node.module)):  # of a package, not of a module
                for name in node.names:
                    found += module_files(f"{node.module}.{name.name}")
    return list(dict.fromkeys(found))


def is_kind(node):
    """Whether an expression is a kind of data, whose modules are loaded when asked for."""
    named = (getattr(node, "id", None), getattr(node, "attr", None))
    return "kind" in named or ast.unparse(getattr(node, "func", node)) == "kinds.load"


@cache
def module_files(name):
    """The file of a module, or of a package, and those of the packages around it."""
    around = [name.rsplit(".", up)[0] for up in range(name.count(".") + 1)]
    packages = [place_of(f"{package}.__init__") for package in reversed(around)]
    is_module = "." in name and is_source(place_of(name))
    files = [*packages[:-1], place_of(name)] if is_module else packages
    return list(filter(is_source, files))
