import contextlib
import io
import re

import pytest
from chain import NAMES

# what a user calls, once the experiment is there: no rule runs it
BY_HAND = {"apply_network", "compare_experiments", "export_history", "export_network"}
BY_HAND |= {"publish", "write_docs"}  # which write into the checkout


@pytest.fixture(scope="module")
def helps(tmp_path_factory, run_script):
    """What each script says to --help, called from elsewhere: script -> (status, text)."""
    found = {}
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        for name in NAMES:
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                status, _ = run_script(name, ["--help"])
            found[name] = status, shown.getvalue()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_help_works_from_elsewhere_and_lists_every_flag(helps, name, request):
    status, text = helps[name]
    assert status == 0
    of_rule = re.compile(rf'code=code\("{name}\.py"')
    used = set()
    for path in (request.config.rootpath / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^(?=(?:use )?rule )", path.read_text(), flags=re.M):
            if of_rule.search(rule) and "shell:" in rule:  # else as the rule that it is like
                used |= set(re.findall(r"(--[a-z-]+)", rule.split("shell:")[1]))
    assert bool(used) != (name in BY_HAND), f"no rule runs {name}.py, or one does"
    missing = {flag for flag in used if flag not in text}
    assert missing == set()


@pytest.mark.parametrize("name", NAMES)
def test_help_says_how_to_call_the_script_and_its_defaults(helps, name):
    _, text = helps[name]
    assert f"python scripts/{name}.py --" in text
    if "--steps" in text:
        assert "(default: 400)" in text
