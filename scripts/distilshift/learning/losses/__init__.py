"""How a student learns from its teacher's logits, by name.

A loss is ``loss(student, teacher, temperature) -> (N,)``: logits (N, C), T > 0, and no
gradient to the teacher. Its mean is what is minimised; a method may weight the samples. A
method that needs more than a batch is ``method(task) -> loss_fn``, see ``distillation``.

To add one write such a function in a module of its own and name it here.
"""

LOSSES = {
    "kd": "kd:kd",
    "soft-ce": "kd:soft_ce",
    "hard": "kd:hard",
    "dkd": "dkd:dkd",
    "dist": "dist:dist",
    "logit-std": "logit_std:logit_std",
}
METHODS = {"dine": "dine:dine", "fitnet": "fitnet:fitnet"}
NAMES = [*LOSSES, *METHODS]
MIXING = {"dine"}  # methods that the student sees other inputs for than the target's

# whose gradient is linear in the teacher's probabilities where a method's other settings are these:
# what draws of them suffice for
LINEAR = ("kd", "soft-ce")
OF_DRAWS = {"temperature": 1, "budget": "full", "confidence": 0, "weighting": "none"}

# settings that are for all losses but these
NOT_OF = {"temperature": ("hard",)}

# the fewest classes that a loss can tell apart; 2, if it is not named here
FEWEST_CLASSES = {"dist": 3, "logit-std": 3}
