"""Who the person is: identity, contact, birthday, status. Value lives in the apps above."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, append_only_triggers
from members import identity, registry
from stores.models import Staff, Store


def describe_birthday(calendar: str, year: int | None, month: int | None, day: int | None, is_leap: bool) -> str:
    """``1990-03-18`` or ``03-18``, a lunar one said to be; empty where there is none."""
    if month is None or day is None:
        return ""
    text = f"{f'{year}-' if year else ''}{month:02d}-{day:02d}"
    if calendar == Member.Calendar.SOLAR:
        return text
    leap = gettext("leap month") if is_leap else ""
    return f"{gettext('lunar')} {text} {leap}".strip()


class Member(models.Model):
    """A customer of the chain. The row is the mutex for all value of this person (``services.lock_member``).

    The phone is stored as ciphertext with keyed hashes for look-up (rules.md 10); read it through
    ``selectors.get_phone`` only.
    """

    class Gender(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        FEMALE = "female", _("female")
        MALE = "male", _("male")

    class Calendar(models.TextChoices):
        SOLAR = "solar", _("solar")
        LUNAR = "lunar", _("lunar")

    class Source(models.TextChoices):
        COUNTER = "counter", _("counter")
        SELF_REGISTRATION = "self_registration", _("self-registration")
        IMPORT = "import", _("import")
        REFERRAL = "referral", _("referral")
        ONLINE = "online", _("online")

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("member", "active")
        FROZEN = "frozen", pgettext_lazy("member", "frozen")
        CLOSED = "closed", pgettext_lazy("member", "closed")
        MERGED = "merged", pgettext_lazy("member", "merged")

    number = models.CharField(_("member number"), max_length=10, unique=True)
    name = models.CharField(_("name"), max_length=60, blank=True, db_collation="C")
    name_key = models.CharField(max_length=200, blank=True, editable=False, help_text="full pinyin without spaces")
    phone_cipher = models.TextField(blank=True, editable=False)
    phone_hash = models.CharField(max_length=64, blank=True, editable=False)
    phone_prefix_hash = models.CharField(max_length=64, blank=True, editable=False)
    phone_tail = models.CharField(max_length=4, blank=True, editable=False)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender.choices, default=Gender.UNKNOWN)
    birth_calendar = models.CharField(_("calendar"), max_length=10, choices=Calendar.choices, default=Calendar.SOLAR)
    birth_year = models.PositiveSmallIntegerField(_("year of birth"), null=True, blank=True)
    birth_month = models.PositiveSmallIntegerField(_("month of birth"), null=True, blank=True)
    birth_day = models.PositiveSmallIntegerField(_("day of birth"), null=True, blank=True)
    birth_month_is_leap = models.BooleanField(_("leap month"), default=False)
    email = models.EmailField(_("email"), blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("registered at store"))
    referrer = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    registered_at = models.DateTimeField(_("registered at"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    is_named = models.BooleanField(_("named"), default=True)
    notes = models.TextField(_("notes"), blank=True, max_length=2000)
    external_source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        permissions = [
            ("reveal_phone", "Can see a full phone number"),
            ("freeze_member", "Can freeze and unfreeze members"),
            ("export_member", "Can download member lists"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_hash"],
                condition=Q(status__in=["active", "frozen"]) & ~Q(phone_hash=""),
                name="members_member_phone_once",
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="members_member_external_once",
            ),
            models.CheckConstraint(
                condition=Q(birth_month__isnull=True, birth_day__isnull=True, birth_year__isnull=True)
                | Q(
                    birth_month__isnull=False,
                    birth_day__isnull=False,
                    birth_month__range=(1, 12),
                    birth_day__range=(1, 31),
                ),
                name="members_member_birthday_whole",
            ),
            models.CheckConstraint(
                condition=Q(birth_month_is_leap=False) | Q(birth_calendar="lunar"),
                name="members_member_leap_is_lunar",
            ),
        ]
        indexes = [
            models.Index(fields=["phone_tail"], name="members_member_phone_tail"),
            models.Index(fields=["phone_prefix_hash"], name="members_member_phone_prefix"),
            models.Index(fields=["name"], name="members_member_name"),
            models.Index(
                fields=["birth_calendar", "birth_month", "birth_day"],
                condition=Q(birth_month__isnull=False),
                name="members_member_birthday",
            ),
            models.Index(fields=["-registered_at", "-id"], name="members_member_newest"),
        ]

    def __str__(self) -> str:
        return self.name or self.number

    @property
    def masked_phone(self) -> str:
        """138****1234, for every screen that has no reason to show more; needs ``phone_cipher`` to be loaded."""
        try:
            return identity.mask_phone(identity.open_phone(self.phone_cipher))
        except ValueError:
            # Sealed with a key that is gone: the till still sees the tail.
            return f"*******{self.phone_tail}"

    @property
    def birthday_text(self) -> str:
        """``1990-03-18``, ``03-18`` without a year, with the lunar calendar and leap month said in words."""
        return describe_birthday(
            self.birth_calendar, self.birth_year, self.birth_month, self.birth_day, self.birth_month_is_leap
        )

    @property
    def is_open(self) -> bool:
        """Neither closed nor merged away: the phone is taken and the till finds the member."""
        return self.status in OPEN_STATUSES


OPEN_STATUSES = (Member.Status.ACTIVE, Member.Status.FROZEN)


#: The kinds of reminders that the nightly job of this app makes.
BIRTHDAY_KINDS = ("solar_birthday", "lunar_birthday")


class SearchKey(models.Model):
    """A text in Latin letters by whose beginning a member is found: full pinyin, initials, surname with initials.

    A table, because a name with several readings has several, and only a plain index on whole keys answers a prefix in
    order within a millisecond at a million members. Written beside every change of the name.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    key = models.CharField(max_length=60, db_collation="C")

    class Meta:
        indexes = [models.Index(fields=["key", "member"], name="members_searchkey_prefix")]

    def __str__(self) -> str:
        return self.key


class StatusChange(AppendOnly):
    """Why and by whom a member was frozen, unfrozen or closed."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    occurred_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.before} -> {self.after}"


class Reminder(models.Model):
    """Something to tell a member on a day, once per kind and occasion.

    ``kind`` is a code of ``members.registry``; ``occurrence`` says which occasion of that kind it is (the solar or
    lunar year of a birthday, a lot with its stage); ``details`` is what the kind needs to describe it to staff.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    kind = models.CharField(_("kind"), max_length=40)
    occurrence = models.BigIntegerField(_("occasion"))
    due_on = models.DateField(_("due on"))
    details = models.JSONField(_("details"), default=dict, db_default={})
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    done_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "occurrence"], name="members_reminder_once"),
        ]
        indexes = [models.Index(fields=["store", "due_on"], name="members_reminder_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on}"

    @property
    def label(self) -> str:
        """The kind in words; its code where the app that registered it is gone."""
        kind = registry.reminder_kinds().get(self.kind)
        return str(kind.label) if kind else self.kind

    @property
    def text(self) -> str:
        """What the reminder is about, in one sentence."""
        kind = registry.reminder_kinds().get(self.kind)
        return kind.describe(self.details) if kind else ""


class Pin(models.Model):
    """The six digits by which a member confirms larger payments (R-W10); only the hash is kept."""

    member = models.OneToOneField(Member, models.PROTECT, related_name="pin")
    hash = models.CharField(max_length=128, editable=False)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        permissions = [
            ("set_pin", "Can let a member set or change the PIN"),
            ("reset_pin", "Can remove a member's PIN"),
        ]

    def __str__(self) -> str:
        return f"PIN of member #{self.member_id}"


class PinProof(models.Model):
    """That a member typed the right PIN: good for one payment within two minutes."""

    id = models.UUIDField(primary_key=True)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)


class Card(models.Model):
    """A number that stands or stood for a member.

    The present number is ``Member.number``. A member whose card was never blocked or replaced has no row: their card
    is the number given at registration. Numbers are never used again, so each has at most one row.
    """

    class EndReason(models.TextChoices):
        DAMAGED = "damaged", pgettext_lazy("card", "damaged")
        LOST = "lost", pgettext_lazy("card", "lost")
        STOLEN = "stolen", pgettext_lazy("card", "stolen")
        REPLACED = "replaced", pgettext_lazy("card", "replaced")

    member = models.ForeignKey(Member, models.PROTECT, related_name="cards", verbose_name=_("member"))
    number = models.CharField(_("card number"), max_length=10, unique=True)
    issued_at = models.DateTimeField(_("given out at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("reason"), max_length=10, choices=EndReason.choices, blank=True)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        permissions = [
            ("block_card", "Can take a loss report of a card and lift it"),
            ("replace_card", "Can replace a card"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["member"], condition=Q(ended_at__isnull=True), name="members_card_one_in_use"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | Q(ended_at__isnull=False, ended_at__gte=models.F("issued_at")) & ~Q(end_reason=""),
                name="members_card_ended_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["member", "-issued_at"], name="members_card_history")]

    def __str__(self) -> str:
        return self.number

    @property
    def refusal(self) -> str:
        """What the till says where this number is scanned; empty for a number in use."""
        if self.ended_at is None:
            return ""
        if self.number == self.member.number:
            return gettext("This card was reported lost.")
        return gettext("This card was replaced: only the new one counts.")
