"""Calibrating a student without labels: its probabilities fitted to those of its teacher.

Some losses leave open how sure a student is: DIST asks of its probabilities that they
correlate with the teacher's, whatever their spread. One number puts that right afterwards, and
the classes stay.
"""

from collections.abc import Callable

from distilshift.seeds import generator

import torch
from torch import Tensor, nn

MOST = 10_000  # rows that are looked at: one number wants no more
LEAST, LARGEST = 1e-3, 1e3  # of a temperature
HALVINGS = 40


def temperature(student: Tensor, teacher: Tensor) -> float:
    """The T that minimises the mean of -sum_c p_c log softmax(z / T)_c.

    In 1 / T the loss is convex; its derivative, the mean of E_q[z] - E_p[z] with
    q = softmax(z / T), is halved down to its root, on a scale of logarithms.

    Args:
        student: its logits z (N, C).
        teacher: logits (N, C) of the probabilities p.

    Returns:
        T to six digits. Where no T is best (one that is right of all rows would be ever
        surer), the end of the range from ``LEAST`` to ``LARGEST``.

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, section
    4.2; there p is the label of held-out samples.
    """
    z, p = student.double().cpu(), teacher.double().cpu().softmax(1)
    z = z - z.mean(1, keepdim=True)
    wanted = (p * z).sum(1).mean()

    def is_too_sure(value: Tensor) -> bool:
        return bool(((z / value).softmax(1) * z).sum(1).mean() > wanted)

    low, high = torch.tensor([LEAST, LARGEST], dtype=torch.float64).log()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if is_too_sure(middle.exp()):
            low = middle
        else:
            high = middle
    return float(f"{((low + high) / 2).exp().item():.6g}")


@torch.no_grad()
def calibrate(model: nn.Module, plain: Callable, teacher: Callable, count: int) -> dict:
    """What a student's header says of its calibration.

    Args:
        model: the student; left as it is.
        plain: gives the rows (n,) as networks see them.
        teacher: gives what it learned from of them, logits (n, C).
        count: rows there are.
    """
    rows = torch.arange(count)
    if count > MOST:
        rows = torch.randperm(count, generator=generator("calibration"))[:MOST].sort().values
    was_training = model.training
    model.eval()
    on = next(model.parameters()).device
    parts = [(model(plain(some)), teacher(some)) for some in rows.to(on).split(256)]
    model.train(was_training)
    student, labels = map(torch.cat, zip(*parts, strict=True))
    return {"temperature": temperature(student, labels), "rows": len(rows)}
