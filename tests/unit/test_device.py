import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
import time

from distilshift import device
from distilshift.errors import InputError

import pytest
import torch

HOLD = """
import sys
from pathlib import Path
from distilshift import device
print(device.lease(range(3), Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """hold() -> (process, id): a process that keeps the lease it got."""
    started = []

    def start():
        scripts = os.pathsep.join(path for path in sys.path if path.endswith("scripts"))
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": scripts},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_processes_lease_different_gpus_and_a_killed_one_frees_its_own(tmp_path, hold, monkeypatch):
    monkeypatch.setattr(device, "_leases", [])
    processes = [hold(), hold()]
    leased = {process: int(process.stdout.readline()) for process in processes}
    third = device.lease(range(3), tmp_path)
    assert sorted([third, *leased.values()]) == [0, 1, 2]
    with pytest.raises(InputError, match=r"3 GPUs: all are leased.*--resources gpu=3"):
        device.lease(range(3), tmp_path)
    victim = processes[0]
    victim.kill()
    victim.wait()
    assert device.lease(range(3), tmp_path) == leased[victim]
    for file in device._leases:
        file.close()


def job(folder, number):
    """Hold a GPU for a moment; every third job is killed with its lease."""
    gpu = device.lease(range(3), folder)
    busy = folder / f"busy{gpu}"
    busy.touch(exist_ok=False)  # fails if another job is on this GPU
    time.sleep(0.05 * (1 + number % 3))
    busy.unlink()
    (folder / f"job{number}").write_text(str(gpu))
    if number % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(0)  # a fork: nothing of the test's own process is to be wound up here


def test_twenty_jobs_over_three_gpus(tmp_path):
    """As many at once as there are GPUs, as Snakemake starts them: no lease may fail."""
    fork = multiprocessing.get_context("fork")  # no import of torch for each
    jobs = [fork.Process(target=job, args=(tmp_path, number)) for number in range(20)]
    waiting, running = list(jobs), {}
    while waiting or running:
        # by one thread: a process that forks in several may find what it copied in use
        while waiting and len(running) < 3:
            process = waiting.pop(0)
            process.start()
            running[process.sentinel] = process
        for sentinel in multiprocessing.connection.wait(running):
            running.pop(sentinel).join()
    codes = [process.exitcode for process in jobs]
    assert codes == [-signal.SIGKILL if number % 3 == 0 else 0 for number in range(20)]
    used = [(tmp_path / f"job{number}").read_text() for number in range(20)]
    assert set(used) == {"0", "1", "2"}


def choose(monkeypatch, chosen, gpus, seen, scheduled=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setattr(device, "lease", lambda ids: 0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if scheduled:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    return device.choose(device.Device(chosen, gpus, 1)).type


@pytest.mark.parametrize(
    ("chosen", "gpus", "seen", "scheduled", "expected"),
    [
        ("auto", 1, True, False, "cuda"),
        ("auto", 1, False, False, "cpu"),
        ("auto", 0, True, False, "cpu"),
        ("auto", 0, True, True, "cuda"),
        ("cpu", 1, True, True, "cpu"),
        ("cuda", 0, True, False, "cuda"),
    ],
)
def test_choice_of_the_device(monkeypatch, chosen, gpus, seen, scheduled, expected):
    assert choose(monkeypatch, chosen, gpus, seen, scheduled) == expected


def test_cuda_is_never_replaced_by_the_cpu(monkeypatch):
    with pytest.raises(InputError, match=r"--device cuda: no GPU can be seen"):
        choose(monkeypatch, "cuda", 1, seen=False)


def test_a_record_says_what_made_a_result():
    record = device.record(torch.device("cpu"))
    assert record["device"] == "cpu"
    assert record["torch"] == torch.__version__
    assert record["peak_memory_mb"] > 50
