"""Proving the ledgers: every cached figure is recomputed from its entries (domain.md, rule 2)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from core.database import read_only
from jobs import registry
from jobs.elapsed import Elapsed
from jobs.models import ProofResult

KEPT_DIFFERENCES = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What one proof found."""

    proof: str
    checked: int
    differences: list[registry.Difference]
    seconds: float


def prove(*, at: datetime) -> list[Outcome]:
    """Run all proofs on one unchanging snapshot that cannot write; sales go on meanwhile.

    Where the caller has a transaction of its own, that one's view is checked instead.
    """
    with read_only():
        return [_prove_one(proof, at) for proof in registry.all_proofs().values()]


def _prove_one(proof: registry.Proof, at: datetime) -> Outcome:
    elapsed = Elapsed(at)
    checked, differences = proof.check()
    return Outcome(proof.name, checked, differences, elapsed.seconds())


def prove_and_store(*, at: datetime) -> list[ProofResult]:
    """Run all proofs and keep what they found for the page and the home tile."""
    outcomes = prove(at=at)
    for outcome in outcomes:
        if outcome.differences:
            logger.error("Proof %s found %s differences.", outcome.proof, len(outcome.differences))
    return ProofResult.objects.bulk_create(
        ProofResult(
            proof=outcome.proof,
            checked=outcome.checked,
            difference_count=len(outcome.differences),
            differences=[
                {"subject": one.subject, "expected": one.expected, "found": one.found}
                for one in outcome.differences[:KEPT_DIFFERENCES]
            ],
            milliseconds=int(outcome.seconds * 1000),
            checked_at=at,
        )
        for outcome in outcomes
    )


def reconcile(day: date, at: datetime) -> Iterator[registry.Counts]:
    """The nightly job ``jobs.reconcile``."""
    results = prove_and_store(at=at)
    yield {
        "changed": 0,
        "proofs": len(results),
        "checked": sum(result.checked for result in results),
        "differences": sum(result.difference_count for result in results),
    }
