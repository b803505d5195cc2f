import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from chain import NAMES, SCRIPTS


@pytest.fixture(scope="module")
def helps(tmp_path_factory):
    """What each script says to --help, called from elsewhere: script -> (status, text)."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def ask(name):
        done = subprocess.run(
            [sys.executable, SCRIPTS / f"{name}.py", "--help"],
            cwd=elsewhere,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(NAMES, pool.map(ask, NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_help_works_from_elsewhere_and_lists_every_flag(helps, name, request):
    status, text = helps[name]
    assert status == 0
    of_rule = re.compile(rf'code=code\("{name}\.py"')
    used = set()
    for path in (request.config.rootpath / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^(?=rule )", path.read_text(), flags=re.M):
            if of_rule.search(rule):
                used |= set(re.findall(r"(--[a-z-]+)", rule.split("shell:")[1]))
    assert used, f"no rule runs {name}.py"
    missing = {flag for flag in used if flag not in text}
    assert missing == set()


@pytest.mark.parametrize("name", NAMES)
def test_help_says_how_to_call_the_script_and_its_defaults(helps, name):
    _, text = helps[name]
    assert f"python scripts/{name}.py --" in text
    if "--steps" in text:
        assert "(default: 400)" in text
