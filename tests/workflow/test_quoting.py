"""Paths and names reach the shell quoted, by one mechanism: ``:q`` in every shell block."""

import re
import string

import pytest
from copies import ROOT

RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))
BLOCK = re.compile(r'^rule (\w+):(?:(?!^rule ).)*?^ {4}shell:\n\s+"""(.*?)"""', re.M | re.S)
SHELLS = {name: shell for path in RULES for name, shell in BLOCK.findall(path.read_text("utf-8"))}
NUMBERS = {"threads", "resources"}


def unquoted(shell):
    """The fields of a shell command that are put in as they are, and could be anything."""
    fields = [(field, form) for _, field, form, _ in string.Formatter().parse(shell) if field]
    return [field for field, form in fields if form != "q" and field.split(".")[0] not in NUMBERS]


def test_every_shell_block_is_seen():
    text = "".join(path.read_text("utf-8") for path in RULES)
    assert len(SHELLS) == len(re.findall(r"^    shell:$", text, re.M)) > 25
    assert not re.search(r"^    (run|script|notebook|wrapper):", text, re.M)


@pytest.mark.parametrize("rule", SHELLS)
def test_every_path_and_name_is_quoted(rule):
    assert unquoted(SHELLS[rule]) == []


def test_the_walk_sees_what_is_not_quoted():
    shell = "python {input.code[0]:q} --x {params.x} --seed {wildcards.seed} {threads} > {log}"
    assert unquoted(shell) == ["params.x", "wildcards.seed", "log"]
