"""The evaluation of the night."""

from tiers.services.nightly.job import SOURCE, evaluate_due

__all__ = ["SOURCE", "evaluate_due"]
