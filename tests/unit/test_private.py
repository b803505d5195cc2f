"""What we take of libraries beyond their public interface: each in one place, and still there.

A newer library that fails here asks for a look at that place, not for a looser test.
"""

import inspect
import subprocess
import sys

from distilshift.learning import optimisation

import pytest
import torch

METHODS = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")


@pytest.mark.parametrize("name", METHODS)
def test_the_optimisers_methods_are_wrapped_and_can_be_unwrapped(name):
    """learning/optimisation.AdamW leaves out decorators that import torch's compiler."""
    theirs = getattr(torch.optim.AdamW, name)
    assert inspect.unwrap(theirs) is not theirs, "no longer wrapped: drop it from our AdamW"
    ours = inspect.unwrap(getattr(optimisation.AdamW, name))
    assert ours is inspect.unwrap(theirs)


def test_a_step_without_the_decorators_is_the_same_step():
    def trained(optimizer):
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        made = optimizer(layer.parameters(), lr=0.1, weight_decay=0.1, fused=True)
        for _ in range(3):
            made.zero_grad()
            layer(torch.ones(4, 3)).square().mean().backward()
            made.step()
        return layer.weight

    assert torch.equal(trained(optimisation.AdamW), trained(torch.optim.AdamW))


def test_a_step_imports_no_compiler():
    """What the unwrapped methods are for: the compiler takes longer to import than torch."""
    code = """
import sys
from distilshift.learning import optimisation
import torch
layer = torch.nn.Linear(2, 2)
made = optimisation.AdamW(layer.parameters(), fused=True)
layer(torch.ones(1, 2)).sum().backward()
made.step(); made.zero_grad()
print("torch._dynamo" in sys.modules)
"""
    scripts = next(path for path in sys.path if path.endswith("scripts"))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_snakemakes_benchmarks_have_the_interval_that_we_lengthen():
    """workflow/common/jobs.smk sets it; half a second is the one in force without."""
    code = "import snakemake.benchmark as b; print(b.BENCHMARK_INTERVAL_SHORT)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == 0.5
