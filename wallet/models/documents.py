"""Papers of stored value: transfers between members, and refunds in money with the sum by law (R-W6, R-W9)."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, append_only_triggers
from members.models import Member
from stores.models import Staff, Store
from wallet.models.ledger import Recharge, money_field
from wallet.rules.papers import RESIDENT_ID


class Transfer(AppendOnly):
    """Stored value that went from one member to another, with the recharges it came from (R-W9)."""

    giver = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("from"))
    taker = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("to"))
    principal = money_field(_("principal"))
    bonus = money_field(_("bonus"))
    is_whole = models.BooleanField(_("whole account"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    idempotency_key = models.CharField(max_length=200, unique=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gte=0, bonus__gte=0) & (Q(principal__gt=0) | Q(bonus__gt=0)),
                name="wallet_transfer_amounts",
            ),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="wallet_transfer_between_two"),
        ]
        indexes = [
            models.Index(fields=["giver", "-id"], name="wallet_transfer_of_giver"),
            models.Index(fields=["taker", "-id"], name="wallet_transfer_of_taker"),
        ]

    def __str__(self) -> str:
        return f"{self.principal} + {self.bonus}: {self.giver_id} -> {self.taker_id}"


DOCUMENT_KINDS = (
    (RESIDENT_ID, _("identity card")),
    ("passport", _("passport")),
    ("travel_permit", _("travel permit of Hong Kong, Macao or Taiwan")),
    ("residence_permit", _("residence permit")),
    ("licence", _("business licence")),
)
"""Documents that people show; an identity card's check character is verified."""


class CashOut(models.Model):
    """A refund of stored value in money (R-W6): asked for, approved (the ledger is closed then), paid.

    ``legal`` is the sum by law, ``promised`` by the shop's own promise, ``paid`` the better of the two plus
    ``interest``. ``closed_principal`` and ``closed_bonus`` left the ledger; ``settlement`` is paid less principal.
    Until it is posted the figures are those that were asked for; at payment interest, ``paid`` and ``settlement`` are
    those of that day. Personal data of the payee is sealed (``members.identity.seal_text``).
    """

    class Ground(models.TextChoices):
        COOLING_OFF = "cooling_off", _("within 7 days of payment (Art. 14)")
        MERCHANT = "merchant", _("not the customer's fault (Art. 18)")
        CUSTOMER = "customer", _("the customer's reason (Art. 19)")
        VOID_CONTRACT = "void_contract", _("void contract, such as a minor's (Art. 10)")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        DUE = "due", _("to be paid")
        PAID = "paid", _("paid")
        REFUSED = "refused", _("refused")

    class Method(models.TextChoices):
        BANK = "bank", _("bank transfer")
        CASH = "cash", _("cash")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    ground = models.CharField(_("ground"), max_length=20, choices=Ground.choices)
    terminated_on = models.DateField(_("terminated on"))
    due_on = models.DateField(_("to be paid by"))
    closed_principal = money_field(_("principal closed"))
    closed_bonus = money_field(_("bonus closed"))
    legal = money_field(_("by law"))
    promised = money_field(_("by the shop's promise"))
    interest = money_field(_("interest"), default=Decimal("0.00"))
    paid = money_field(_("to pay"))
    settlement = money_field(_("settlement"))
    method = models.CharField(_("paid by"), max_length=10, choices=Method.choices)
    payee_name = models.CharField(_("payee"), max_length=60)
    bank_name = models.CharField(_("bank"), max_length=80, blank=True)
    account_cipher = models.BinaryField(default=b"", blank=True)
    account_tail = models.CharField(_("end of the account number"), max_length=4, blank=True)
    id_kind = models.CharField(_("kind of document"), max_length=20)
    id_cipher = models.BinaryField()
    id_tail = models.CharField(_("end of the document number"), max_length=4)
    had_before = models.BooleanField(_("had the same goods or services before"), default=False, db_default=False)
    reason = models.CharField(_("reason"), max_length=200)
    evidence = models.CharField(_("evidence"), max_length=500, blank=True)
    reference = models.CharField(_("payment reference"), max_length=80, blank=True)
    requested_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True, blank=True)
    paid_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("refund of stored value")
        verbose_name_plural = _("refunds of stored value")
        default_permissions = ("view",)
        permissions = [
            ("make_cashout", "Can ask for a refund of stored value"),
            ("approve_cashout", "Can approve refunds of stored value"),
            ("pay_cashout", "Can record that a refund of stored value was paid"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    legal__gte=0, promised__gte=0, interest__gte=0, closed_principal__gte=0, closed_bonus__gte=0
                ),
                name="wallet_cashout_not_negative",
            ),
            models.CheckConstraint(condition=Q(paid__gte=F("legal")), name="wallet_cashout_pays_the_law_at_least"),
            models.CheckConstraint(
                condition=Q(paid=Greatest(F("legal"), F("promised")) + F("interest")),
                name="wallet_cashout_paid_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(settlement=F("paid") - F("closed_principal")), name="wallet_cashout_settlement_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "refused"], posted_at__isnull=True)
                | Q(status__in=["due", "paid"], posted_at__isnull=False),
                name="wallet_cashout_posted_where_approved",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False, paid_by__isnull=False)
                | (~Q(status="paid") & Q(paid_at__isnull=True, paid_by__isnull=True)),
                name="wallet_cashout_paid_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(method="bank", status="paid") | ~Q(reference=""), name="wallet_cashout_bank_has_reference"
            ),
            models.CheckConstraint(
                condition=~Q(method="bank") | ~Q(account_tail=""), name="wallet_cashout_bank_has_account"
            ),
            models.CheckConstraint(
                condition=~Q(ground="void_contract") | ~Q(evidence=""), name="wallet_cashout_void_has_evidence"
            ),
            models.UniqueConstraint(
                fields=["member"], condition=Q(status="waiting"), name="wallet_cashout_one_waiting"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "due_on"], name="wallet_cashout_by_due"),
            models.Index(fields=["store", "-id"], name="wallet_cashout_of_store"),
        ]

    def __str__(self) -> str:
        return f"refund #{self.pk} of member #{self.member_id}"

    @property
    def source(self) -> str:
        """What ledger entry and drawer name it by."""
        return self.source_of(self.pk)

    @staticmethod
    def source_of(pk: int) -> str:
        """``cash_out:id`` (core.links)."""
        return f"cash_out:{pk}"

    @staticmethod
    def key_of(source: str) -> str:
        """The idempotency key of its ledger entry."""
        return f"{source}:closed"

    @property
    def member_source(self) -> str:
        """Where the member's page is (core.links)."""
        return f"member:{self.member_id}"

    @property
    def document_label(self) -> str:
        """What the payee showed, in words."""
        return str(dict(DOCUMENT_KINDS).get(self.id_kind, self.id_kind))

    @property
    def principal_part(self) -> Decimal:
        """What is paid without interest: the better of law and promise."""
        return max(self.legal, self.promised)


class CashOutLine(AppendOnly):
    """One recharge of a refund: the numbers, the article and the formula, as shown and kept as evidence (R-W6).

    ``principal`` P and ``bonus`` B as paid and given, ``consumed`` C at face value, ``listed`` C0 at list prices;
    ``left_principal`` and ``left_bonus`` are what the payout closes.
    """

    cash_out = models.ForeignKey(CashOut, models.PROTECT, related_name="lines")
    recharge = models.ForeignKey(Recharge, models.PROTECT, related_name="+")
    principal = money_field(_("paid"))
    bonus = money_field(_("bonus"))
    consumed = money_field(_("consumed"))
    listed = money_field(_("consumed at list prices"))
    left_principal = money_field(_("principal left"))
    left_bonus = money_field(_("bonus left"))
    article = models.CharField(_("article"), max_length=20)
    formula: Any = models.JSONField(_("formula"))
    legal = money_field(_("by law"))
    promised = money_field(_("by the shop's promise"))
    interest = money_field(_("interest"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        constraints = [models.UniqueConstraint(fields=["cash_out", "recharge"], name="wallet_cashoutline_once")]

    def __str__(self) -> str:
        return f"{self.article}: {self.legal}"
