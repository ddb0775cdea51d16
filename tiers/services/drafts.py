"""Drafts: changed rules of a track that are tried on history before they are switched on."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import trials.services
from audit.services import request_hash
from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import Draft, Tier, Track, Version
from tiers.services.versions import add_version, check_terms
from tiers.terms import Terms, terms_from, terms_of
from trials.models import Trial
from trials.selectors import find_valid

#: The kind of trial, and the first part of its subject.
TRIAL = "tier_draft"


class DraftClosed(DomainError):
    """The draft was activated or thrown away meanwhile."""


class NotTried(DomainError):
    """The draft was not tried since it changed, and nobody says why it should begin all the same."""


def subject_of(draft: Draft) -> str:
    """What trials of this draft are about."""
    return f"{TRIAL}:{draft.pk}"


def digest_of(subject: str) -> str:
    """A digest of what a draft says; LookupError where there is none."""
    draft = Draft.objects.filter(pk=subject.partition(":")[2] or 0).first()
    if draft is None:
        raise LookupError(subject)
    return request_hash({"track": draft.track_id, "levels": draft.levels})


@transaction.atomic
def open_draft(*, track_id: int, actor: Staff | None, at: datetime) -> Draft:
    """The open draft of a track, a new empty one where there is none."""
    Track.objects.select_for_update(no_key=True).get(pk=track_id)
    draft, _created = Draft.objects.get_or_create(
        track_id=track_id, status=Draft.Status.OPEN, defaults={"changed_at": at, "changed_by": actor}
    )
    return draft


@transaction.atomic
def save_level(*, draft_id: int, tier: Tier, terms: Terms, actor: Staff | None, at: datetime) -> Draft:
    """Let a draft say this of a level; the same as what is in force takes the level out of the draft again.

    InvalidVersion for terms that do not fit the level, DraftClosed once it is not open any more.
    """
    check_terms(tier, terms)
    draft = _locked(draft_id)
    said = terms.to_json()
    levels = {number: level for number, level in draft.levels.items() if number != str(tier.pk)}
    if said != _in_force(tier, at):
        levels[str(tier.pk)] = said
    return _changed(draft, levels, actor, at, tier=tier.code, terms=said)


def _in_force(tier: Tier, at: datetime) -> dict[str, Any] | None:
    version = Version.objects.filter(tier=tier, effective_at__lte=at).order_by("-effective_at", "-pk").first()
    return None if version is None else terms_of(version).to_json()


@transaction.atomic
def drop_level(*, draft_id: int, tier: Tier, actor: Staff | None, at: datetime) -> Draft:
    """Leave a level as it is in force."""
    draft = _locked(draft_id)
    levels = {number: level for number, level in draft.levels.items() if number != str(tier.pk)}
    return _changed(draft, levels, actor, at, tier=tier.code, terms=None)


def _changed(draft: Draft, levels: dict[str, Any], actor: Staff | None, at: datetime, **what: Any) -> Draft:
    draft.levels, draft.changed_at, draft.changed_by = levels, at, actor
    draft.save(update_fields=["levels", "changed_at", "changed_by"])
    audit.record("tier.draft_saved", actor=actor, subject=f"tier-draft:{draft.pk}", at=at, **what)
    return draft


def _locked(draft_id: int) -> Draft:
    draft = Draft.objects.select_for_update(no_key=True, of=("self",)).select_related("track").get(pk=draft_id)
    if draft.status != Draft.Status.OPEN:
        raise DraftClosed(_("This draft was activated or thrown away meanwhile."))
    return draft


@transaction.atomic
def discard_draft(*, draft_id: int, actor: Staff | None, at: datetime) -> Draft:
    """Throw an open draft away; what it said stays readable."""
    draft = _locked(draft_id)
    draft.status, draft.changed_at, draft.changed_by = Draft.Status.DISCARDED, at, actor
    draft.save(update_fields=["status", "changed_at", "changed_by"])
    audit.record("tier.draft_discarded", actor=actor, subject=f"tier-draft:{draft.pk}", at=at)
    return draft


@transaction.atomic
def try_draft(*, draft_id: int, days: int, actor: Staff | None, at: datetime) -> Trial:
    """Ask for a run of the draft over the last ``days`` of real orders. DraftClosed, or nothing to try."""
    draft = _locked(draft_id)
    _refuse_empty(draft)
    return trials.services.ask(
        kind=TRIAL, subject=subject_of(draft), title=str(draft.track), days=days, actor=actor, at=at
    )


def _refuse_empty(draft: Draft) -> None:
    if not draft.levels:
        raise DraftClosed(_("The draft changes nothing yet."))


@transaction.atomic
def activate_draft(
    *, draft_id: int, effective_at: datetime, reason: str, actor: Staff | None, at: datetime
) -> list[Version]:
    """Make a version of every level that the draft changes, all from one instant on.

    NotTried unless a finished trial ran exactly what the draft says now, or ``reason`` says why it begins without one,
    which the trail keeps. InvalidVersion for an instant that is over.
    """
    draft = _locked(draft_id)
    _refuse_empty(draft)
    trial = find_valid(kind=TRIAL, subject=subject_of(draft))
    if trial is None and not reason.strip():
        raise NotTried(_("Try the draft first, or say why it begins without a trial."))
    tiers = {str(tier.pk): tier for tier in Tier.objects.filter(track=draft.track).select_related("track")}
    versions = [
        add_version(
            tier=tiers[number],
            effective_at=effective_at,
            actor=actor,
            at=at,
            draft=draft,
            **vars(terms_from(said)),
        )
        for number, said in draft.levels.items()
    ]
    draft.status, draft.effective_at = Draft.Status.ACTIVATED, effective_at
    draft.changed_at, draft.changed_by = at, actor
    draft.save(update_fields=["status", "effective_at", "changed_at", "changed_by"])
    audit.record(
        "tier.draft_activated",
        actor=actor,
        subject=f"tier-draft:{draft.pk}",
        at=at,
        reason="" if trial is not None else reason.strip()[:500],
        trial=None if trial is None else trial.pk,
        effective_at=effective_at,
        versions=[version.pk for version in versions],
    )
    return versions
