import pytest
import tiny


@pytest.fixture(scope="session")
def made(once):
    """The tiny experiment after a whole run, with adaptation by SHOT and a second round."""
    changes = {"adaptations": {"none": {}, "shot": {}}, "rounds": 2}

    def make(folder):
        tiny.project(folder, **changes)
        tiny.snakemake(folder, "--cores", 2)

    return once("made", make)


@pytest.fixture(scope="session")
def commands(made) -> dict[str, tuple[str, list[str]]]:
    """The shell command of one job of every rule, and the outputs it names."""
    shown = tiny.snakemake(made, "--cores", 1, "--dry-run", "--forceall", "--printshellcmds")
    found: dict[str, tuple[str, list[str]]] = {}
    for block in shown.stdout.split("\n["):
        lines = block.splitlines()
        rules = [line for line in lines if line.startswith(("rule ", "localrule "))]
        outputs = [line for line in lines if line.startswith("    output: ")]
        if rules and outputs:
            name = rules[0].split()[1].rstrip(":")
            start = next(i for i, line in enumerate(lines) if "python scripts/" in line)
            command = next(line for line in lines[start:] if "python scripts/" in line)
            found[name] = (command.strip(), outputs[0].removeprefix("    output: ").split(", "))
    return found
