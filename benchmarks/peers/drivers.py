"""What a user writes to adapt a teacher, or to distil a student, with each library: a function.

Settings are those of the libraries' authors where they give one: pytorch-adapt's and skada's
defaults (with the discriminator of pytorch-adapt's digits example), torchdistill's own KD at
temperature 1, without its half of cross-entropy, as there are no labels. Optimiser, learning
rate, steps, batches and views are the task's, alike for all.

A function returns the trained network. ``lines.py`` counts it, with what it calls of this file.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from task import Task, flags
from torch import nn

one_cycle = torch.optim.lr_scheduler.OneCycleLR


# ---- pytorch-adapt ---------------------------------------------------------------------


def pytorch_adapt(task: Task, make_hook: Callable, models: dict[str, nn.Module]) -> None:
    how = task.how("adaptation")
    given = {"lr": how["lr"], "weight_decay": how["weight_decay"], "fused": True}
    optimizers = [torch.optim.AdamW(model.parameters(), **given) for model in models.values()]
    cycles = [one_cycle(of, how["lr"], total_steps=how["steps"]) for of in optimizers]
    hook = make_hook(optimizers)
    for batch in task.batches():
        data = {"src_imgs": batch.source, "src_labels": batch.labels, "target_imgs": batch.target}
        data["src_domain"] = torch.zeros(len(batch.source))
        data["target_domain"] = torch.ones(len(batch.target))
        hook({**models, **data})
        for cycle in cycles:
            cycle.step()


def pytorch_adapt_dann(task: Task) -> nn.Module:
    from pytorch_adapt.hooks import DANNHook
    from pytorch_adapt.models import Discriminator

    model = task.teacher_network()
    models = {"G": nn.Sequential(model.prepare, model.body, model.neck), "C": model.head}
    models["D"] = Discriminator(in_size=model.head.in_features, h=256)
    pytorch_adapt(task, DANNHook, models)
    return model


def pytorch_adapt_mcc(task: Task) -> nn.Module:
    from pytorch_adapt.hooks import ClassifierHook, MCCHook

    model = task.teacher_network()
    models = {"G": nn.Sequential(model.prepare, model.body, model.neck), "C": model.head}
    pytorch_adapt(task, lambda optimizers: ClassifierHook(optimizers, post=[MCCHook()]), models)
    return model


# ---- skada -----------------------------------------------------------------------------


def skada(task: Task, make_net: Callable, **more) -> nn.Module:
    from skorch.callbacks import LRScheduler

    how, model = task.how("adaptation"), task.teacher_network()
    batches = list(task.batches())
    # one epoch that holds every batch of the run, in order: source rows, then target rows
    rows = torch.cat([torch.cat([batch.source, batch.target]) for batch in batches])
    unknown = torch.full((how["batch"],), -1)
    labels = torch.cat([torch.cat([batch.labels, unknown]) for batch in batches])
    domain = torch.where(torch.arange(len(rows)) // how["batch"] % 2 == 0, 1, -2)
    net = make_net(
        model,
        layer_name="neck",
        max_epochs=1,
        batch_size=2 * how["batch"],
        lr=how["lr"],
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=how["weight_decay"],
        optimizer__fused=True,
        callbacks=[
            LRScheduler(one_cycle, max_lr=how["lr"], total_steps=how["steps"], step_every="batch")
        ],
        train_split=None,
        verbose=0,
        **more,
    )
    net.set_params(iterator_train=torch.utils.data.DataLoader)  # its own would shuffle
    net.fit(rows.numpy(), labels.numpy(), sample_domain=domain.numpy())
    return model


def skada_dann(task: Task) -> nn.Module:
    from skada.deep import DANN

    return skada(task, DANN, num_features=task.teacher_network().head.in_features)


def skada_mcc(task: Task) -> nn.Module:
    from skada.deep import MCC

    return skada(task, MCC)


def skada_coral(task: Task) -> nn.Module:
    from skada.deep import DeepCoral

    return skada(task, DeepCoral)


# ---- torchdistill ----------------------------------------------------------------------


def torchdistill(task: Task, teacher: Path) -> nn.Module:
    from distilshift import networks

    import torchvision  # noqa: F401 (torchdistill.datasets looks for it among what is loaded)
    from torchdistill.core.distillation import get_distillation_box

    how, student = task.how("student"), task.student_network()
    model, _ = networks.load_weights(teacher, "adapt_teacher")
    rows = torch.cat(list(task.student_batches()))
    unknown = torch.zeros(len(rows), dtype=torch.int64)
    ends = ("student", "teacher")
    kd = {f"{end}_module_path": "." for end in ends} | {
        f"{end}_module_io": "output" for end in ends
    }
    kd |= {"temperature": 1.0, "alpha": 0.0}
    optimizer = {"lr": how["lr"], "weight_decay": how["weight_decay"], "fused": True}
    criterion = {"criterion": {"key": "KDLoss", "kwargs": kd}, "weight": 1.0}
    config = {
        "num_epochs": 1,
        "train_data_loader": {
            "dataset_id": "target",
            "sampler": {"class_or_func": torch.utils.data.SequentialSampler},
            "kwargs": {"batch_size": how["batch"]},
        },
        "teacher": {"forward_proc": "forward_batch_only", "requires_grad": False},
        "student": {"forward_proc": "forward_batch_only"},
        "optimizer": {"key": "AdamW", "kwargs": optimizer},
        "scheduler": {
            "key": "OneCycleLR",
            "kwargs": {"max_lr": how["lr"], "total_steps": how["steps"]},
            "scheduling_step": 1,
        },
        "criterion": {"key": "WeightedSumLoss", "kwargs": {"sub_terms": {"kd": criterion}}},
    }
    data = {"target": torch.utils.data.TensorDataset(rows, unknown)}
    on = torch.device("cpu")
    box = get_distillation_box(model, student, data, config, on, [], False, 1.0)
    box.pre_epoch_process()
    for inputs, targets, supplement in box.train_data_loader:
        box.pre_forward_process()
        box.post_forward_process(box.forward_process(inputs, targets, supplement))
    return student


def torchdistill_source(task: Task) -> nn.Module:
    return torchdistill(task, task.teacher)


def torchdistill_posed_joint(task: Task) -> nn.Module:
    return torchdistill(task, task.adapted("posed-joint"))


# ---- distilshift -----------------------------------------------------------------------


def distilshift(task: Task, name: str, **adaptation) -> nn.Module:
    import adapt_teacher
    from distilshift import networks

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "weights.safetensors")
        given = {"adaptation": name, "teacher": task.teacher, "seed": task.seed, **adaptation}
        given |= {"target-inputs": task.path(task.target, "train_inputs"), "weights": out}
        given |= {"source-inputs": task.path(task.source, "train_inputs")}
        given |= {"source-labels": task.path(task.source, "train_labels")}
        given |= {name: Path(folder, name) for name in ("history", "record")}
        given |= task.how("adaptation")
        adapt_teacher.main(adapt_teacher.parser().parse_args(flags(given)))
        return networks.load_weights(out, "adapt_teacher")[0]


def distilshift_adabn(task: Task) -> nn.Module:
    return distilshift(task, "adabn", kind="adabn")


def distilshift_coral(task: Task) -> nn.Module:
    return distilshift(task, "coral", kind="coral")


def distilshift_dann(task: Task) -> nn.Module:
    return distilshift(task, "dann", kind="dann")


def distilshift_mcc(task: Task) -> nn.Module:
    return distilshift(task, "mcc", kind="mcc")


def distilshift_posed_joint(task: Task) -> nn.Module:
    return distilshift(task, "posed-joint", kind="joint-shares", pose=True)


def distilshift_student(task: Task, teacher: Path) -> nn.Module:
    import cache_logits
    import distill_student
    from distilshift import networks

    inputs = task.path(task.target, "train_inputs")
    with tempfile.TemporaryDirectory() as folder:
        cache, out = Path(folder, "logits.parquet"), Path(folder, "weights.safetensors")
        label = {"teacher": teacher, "inputs": inputs, "logits": cache}
        cache_logits.main(cache_logits.parser().parse_args(flags(label)))
        given = {**label, "weights": out, "seed": task.seed, **task.how("student")}
        given |= {"model": task.config["networks"][task.network]["student"]}
        given |= {name: Path(folder, name) for name in ("history", "record")}
        given |= task.config["methods"]["dist"]
        distill_student.main(distill_student.parser().parse_args(flags(given)))
        return networks.load_weights(out, "distill_student")[0]


def distilshift_dist(task: Task) -> nn.Module:
    return distilshift_student(task, task.teacher)
