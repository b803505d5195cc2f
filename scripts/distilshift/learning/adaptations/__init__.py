"""How a teacher is adapted to unlabelled target rows, by name.

To add one write ``method(task) -> loss_fn``, see ``adaptation``, in a module of its own and
name it here; among ``SOURCE_FREE`` too, where it does without the source's rows and labels.
"""

ADAPTATIONS = {
    "adabn": "adabn:adabn",
    "tent": "tent:tent",
    "shot": "shot:shot",
    "label-spreading": "spreading:label_spreading",
    "naive-bayes": "naive_bayes:naive_bayes",
    "joint-shot": "joint:joint_shot",
    "joint-sinkhorn": "joint:joint_sinkhorn",
    "joint-shares": "shares:joint_shares",
    "joint-mcc": "joint:joint_mcc",
    "im": "im:im",
    "mcc": "mcc:mcc",
    "bnm": "bnm:bnm",
    "coral": "coral:coral",
    "mmd": "mmd:mmd",
    "dann": "adversarial:dann",
    "cdan": "adversarial:cdan",
    "fixmatch": "fixmatch:fixmatch",
}
SOURCE_FREE = ("adabn", "tent", "shot", "label-spreading")
# those that learn from pseudo-labels of an epoch
LABELLING = ("shot", "joint-shot", "joint-sinkhorn", "joint-shares", "joint-mcc")
# settings of some of them alone
OPTIONS = {
    "pseudo": LABELLING,
    "neighbours": LABELLING,
    "temperature": ("mcc", "joint-mcc"),
    "threshold": ("fixmatch",),
}
# those whose runs agree, right or wrong: no guard for them
ALIKE = ("adabn", "label-spreading", "naive-bayes")
STRONG = ("fixmatch",)  # those that see a second, stronger view
