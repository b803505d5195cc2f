"""Information maximisation beside the labelled source."""

from distilshift.learning import alignment
from distilshift.learning.adaptation import on_logits

im = on_logits(alignment.information_maximisation)
