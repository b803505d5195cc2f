"""Where a job computes: one device, chosen once, recorded, never shared by accident."""

import contextlib
import ctypes
import dataclasses
import fcntl
import os
import platform
import resource
import tempfile
from pathlib import Path
from typing import IO

from distilshift.errors import InputError
from distilshift.settings import Settings, setting

import torch

_leases: list[IO] = []  # kept open: a lease lasts as long as its file is


@dataclasses.dataclass(frozen=True)
class Device(Settings):
    """Where a step computes."""

    device: str = setting(
        "auto",
        "auto takes a GPU if one can be seen; cuda fails if none can",
        choices=["auto", "cpu", "cuda"],
    )
    gpus: int = setting(
        1,
        "GPUs granted by the workflow; 0 makes auto mean the CPU unless a scheduler has set"
        " CUDA_VISIBLE_DEVICES",
        at_least=0,
    )
    threads: int = setting(1, "CPU threads", at_least=1)


def choose(wanted: Device) -> torch.device:
    """The device of this process, set up for repeatable results.

    Raises:
        InputError: ``--device cuda`` where no GPU can be seen, or none is free.
    """
    torch.set_num_threads(wanted.threads)
    _keep_freed_memory()
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    scheduled = "CUDA_VISIBLE_DEVICES" in os.environ
    granted = wanted.gpus > 0 or scheduled
    if wanted.device == "cpu" or (wanted.device == "auto" and not granted):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        if wanted.device == "cuda":
            raise InputError("--device cuda", "no GPU can be seen", "use --device auto or cpu")
        return torch.device("cpu")
    index = 0 if scheduled else lease(range(torch.cuda.device_count()))
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def _keep_freed_memory() -> None:
    """Let glibc reuse a step's buffers instead of asking the kernel for them each time.

    Fresh pages took a sixth of a small network's training time on a CPU, and of pictures of 96
    pixels, whose buffers are larger than any threshold that glibc takes, a third. What is freed
    stays with the process: up to a third more memory at the peak. Elsewhere than on glibc nothing
    changes.
    """
    trim_threshold, mmap_max = -1, -4  # of mallopt(3)
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


def lease(ids: range | list[int], folder: Path | None = None) -> int:
    """Take the first GPU that no other process of this machine has leased.

    Snakemake counts GPUs but hands none out, so jobs that start together would all
    land on the first. A lock on a file per GPU is a lease that the kernel ends with
    the process, however it dies.

    Raises:
        InputError: all are taken: more jobs were started than there are GPUs.
    """
    folder = folder or Path(tempfile.gettempdir()) / f"distilshift-gpus-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    for index in ids:
        file = (folder / f"gpu{index}.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        _leases.append(file)
        return index
    raise InputError(
        f"{len(ids)} GPUs",
        "all are leased to other jobs",
        f"run snakemake with --resources gpu={len(ids)}",
    )


def processor() -> str:
    """What this machine's processor calls itself."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def record(device: torch.device) -> dict:
    """What a result should say of the machine that made it."""
    on_gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "processor": processor(),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "peak_gpu_memory_mb": torch.cuda.max_memory_allocated(device) // 2**20 if on_gpu else 0,
    }
