"""What a network costs: multiply-adds, and how long it takes on this machine's CPU."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

BATCH = 256  # rows of a pass, where many are asked about
WARM = 10  # calls that are not counted; fewer where these take as long as those that are
ALONE, MANY = 0.2, 0.3  # seconds for which one row, or a batch, is asked about again and again
FEWEST = 3  # calls that are timed, however long they take

TIMES = ("latency_ms", "latency_ms_p95", "rows_a_second")
COLUMNS = [
    *("role", "model", "parameters", "multiply_adds", "bytes", *TIMES),
    *(f"{runtime}_{name}" for runtime in ("onnx", "int8") for name in ("bytes", *TIMES)),
]


def multiply_adds(model: nn.Module, row: Tensor) -> int:
    """Of one row (1, ...): half of the operations that torch's own counter finds.

    It knows convolutions and matrix products; no additions alone, no look-up, no Fourier
    transform.
    """
    from torch.utils.flop_counter import FlopCounterMode  # a third of a second to import

    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted, torch.no_grad():
        model(row)  # attention as products, which it can see
    return counted.get_total_flops() // 2


def seconds(call: Callable[[], object], least: float) -> np.ndarray:
    """What each of many calls takes, for at least so many seconds in all."""
    warm = time.perf_counter() + least
    for _ in range(WARM):
        call()
        if time.perf_counter() > warm:
            break
    found: list[float] = []
    while len(found) < FEWEST or sum(found) < least:
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return np.array(found)


def times(predict: Callable[[Tensor], Tensor], rows: Tensor) -> dict[str, float]:
    """Milliseconds for a row, median and 95th percentile, rows a second in batches; four digits.

    Args:
        predict: from rows (n, ...) to probabilities.
        rows: some, of which the first is asked about alone.
    """
    one, many = rows[:1], rows[:BATCH]
    alone = 1000 * seconds(lambda: predict(one), ALONE)
    # of the fastest pass: what makes others slower is what else the machine does
    rate = len(many) / seconds(lambda: predict(many), MANY).min()
    found = (*np.percentile(alone, [50, 95]), rate)
    return {name: float(f"{value:.4g}") for name, value in zip(TIMES, found, strict=True)}
