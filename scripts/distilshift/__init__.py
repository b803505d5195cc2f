"""distilshift: knowledge distillation across a domain shift.

One module a noun, one room a kind of work. Imports flow one way, and a test holds it:

    errors, extras, seeds, cli, settings, registry, device   (top)
    files      what is written, and its proof        -> top
    data       what a domain is, of any kind         -> files
    networks   body, head, weights                   -> data
    image      a kind of data: a wing                -> networks
    learning   training, adaptation, distillation    -> networks; never a wing
    analysis   what outputs say, without torch       -> files

Things that are named (a dataset, a network, a loss) are loaded by that name: ``registry``,
``data.kinds``. Steps that need no network start without torch.
"""

import gc

# Importing torch allocates a million objects that stay: looking through them for garbage
# again and again costs 0.3 CPU-seconds a process. Scripts import this package first.
gc.set_threshold(100_000, 20, 50)
