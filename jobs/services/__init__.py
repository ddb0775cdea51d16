"""Queueing work in the caller's transaction, running jobs, proving the ledgers."""

from jobs.services.outbox import deliver, enqueue_on_commit, retry_failed, sweep
from jobs.services.proofs import Outcome, prove, prove_and_store
from jobs.services.runs import UnknownJob, ask_for_run, run_due, run_job
from jobs.services.tidying import tidy

__all__ = [
    "Outcome",
    "UnknownJob",
    "ask_for_run",
    "deliver",
    "enqueue_on_commit",
    "prove",
    "prove_and_store",
    "retry_failed",
    "run_due",
    "run_job",
    "sweep",
    "tidy",
]
