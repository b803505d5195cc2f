"""Results in a bucket: the workflow as it is, on an S3 server of this machine."""

import hashlib
import html
import importlib.util
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import tiny

APART = Path(sys.prefix) / "s3"  # where `make test` installs requirements-s3.txt
KEYS = {"AWS_ACCESS_KEY_ID": "dummy", "AWS_SECRET_ACCESS_KEY": "dummy"}
WEIGHTS = "results/teachers/optdigits/cnn/seed0/weights.safetensors"

pytestmark = pytest.mark.skipif(
    not (APART.exists() or importlib.util.find_spec("snakemake_storage_plugin_s3")),
    reason="no S3 plugin here; to enable: make test, or pip install -r requirements-s3.txt",
)


def environment() -> dict[str, str]:
    return tiny.environment(PYTHONPATH=str(APART), NO_PROXY="127.0.0.1", **KEYS)


def ask(url: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(url, method=method)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        return answer.read()


@pytest.fixture
def endpoint(tmp_path):
    """The address of an S3 server with an empty bucket of name ``bucket``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(program, env=environment(), stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            try:
                ask(f"{url}/bucket", "PUT")
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < end, log.name
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def test_results_lie_in_the_bucket_and_a_second_run_has_nothing_to_do(endpoint, made, tmp_path):
    folder = tiny.project(tmp_path / "project")
    command = (
        *("--cores", 2, "tables", "plot_ladder"),
        *("--default-storage-provider", "s3", "--default-storage-prefix", "s3://bucket"),
        *("--storage-s3-endpoint-url", endpoint),
    )
    tiny.snakemake(folder, *command, env=environment())
    listed = html.unescape(ask(f"{endpoint}/bucket?list-type=2").decode())
    objects = dict(re.findall('<Key>(.*?)</Key>.*?<ETag>"(.*?)"', listed, re.DOTALL))
    expected = {"metrics.parquet", "tables/ladder.csv", "tables/ladder.tex"}
    expected |= {f"figures/ladder.{ending}" for ending in ("pdf", "svg", "png")}
    assert {f"results/{name}" for name in expected} <= objects.keys()
    # code stays here, and only results go there; none of them is left here
    assert all(name.startswith("results/") for name in objects)
    assert not (folder / "results").exists()
    left = folder / ".snakemake/storage"
    assert not [path for path in left.rglob("*.safetensors*") if path.is_file()]
    # the bytes of a run without a bucket; S3 tags an object with its MD5
    assert objects[WEIGHTS] == hashlib.md5((made / WEIGHTS).read_bytes()).hexdigest()
    again = tiny.snakemake(folder, *command, env=environment())
    assert "Nothing to be done" in again.stdout
