import os

import one_node
import pytest

ENABLE = "DISTILSHIFT_SLURM"  # "1": run if SLURM is here; "required": fail if it is not


def pytest_collection_modifyitems(items):
    """Skip the tests of this folder unless they are asked for and can run."""
    asked = os.environ.get(ENABLE)
    reason = "not asked for" if not asked else one_node.why_not()
    if not reason or asked == "required":
        return
    skip = pytest.mark.skip(reason=f"{reason}; to enable: make test-slurm, as root, with SLURM")
    for item in items:
        if item.get_closest_marker("slurm"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def slurm():
    """A running cluster with one GPU."""
    assert not one_node.why_not(), one_node.why_not()
    with one_node.Cluster(gpus=1) as running:
        yield running
