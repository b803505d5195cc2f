"""distilshift: knowledge distillation across a domain shift.

One module a noun. Imports flow one way:

    errors, seeds                          (nothing)
    headers, cli                           -> errors
    tensors, labels                        -> headers, cli, errors
    tables, outputs                        -> cli, errors
    datasets, shifts, models, augmentation -> errors, seeds
    logits, device, training               -> tensors, errors, seeds
    losses, budgets, alignment, metrics    (pure functions on tensors or arrays)
    ensembles                              -> metrics
    pose                                   -> augmentation
    registration                           -> pose, alignment
    adaptation, distillation               -> losses, alignment, training, logits
    ladder, comparisons                    -> statistics, seeds

No torch in errors, headers, cli, labels, tables, outputs, logits, metrics, ensembles:
steps that need no network start without it.
"""

import gc

# Importing torch allocates a million objects that stay: looking through them for garbage
# again and again costs 0.3 CPU-seconds a process. Scripts import this package first.
gc.set_threshold(100_000, 20, 50)
