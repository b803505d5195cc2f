"""distilshift: knowledge distillation across a domain shift.

One module a noun. Imports flow one way:

    errors, seeds                          (nothing)
    tensors, cli                           -> errors
    datasets, shifts, models, augmentation -> errors, seeds
    logits, device, training               -> tensors, errors, seeds
    losses, adaptation, metrics            (pure functions on tensors)
"""
