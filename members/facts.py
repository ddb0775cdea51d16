"""Facts about who a member is, for tag rules and audiences."""

from datetime import datetime

from django.db.models import Case, DateField, Expression, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Cast, NullIf, TruncDate
from django.utils.translation import gettext_lazy as _

from core.days import local_day, zone
from core.facts import Fact, Params
from members.models import Member
from stores.models import Store


def _gender(now: datetime, params: Params) -> Expression | F:
    """Unknown is NULL: it fits no comparison, also not "is not female" (R-G3)."""
    return NullIf(F("gender"), Value(Member.Gender.UNKNOWN))


def _birth_month(now: datetime, params: Params) -> Expression | F:
    """The month of a solar birthday; a lunar one has no fixed solar month and is unknown here."""
    return Case(
        When(birth_calendar=Member.Calendar.SOLAR, then=F("birth_month")), default=None, output_field=IntegerField()
    )


def _age(now: datetime, params: Params) -> Expression | F:
    """Whole years on the shop day, for solar birthdays with a year; unknown otherwise (R-G3)."""
    today = local_day(now)
    years = Value(today.year, IntegerField()) - F("birth_year")
    not_yet = Q(birth_month__gt=today.month) | Q(birth_month=today.month, birth_day__gt=today.day)
    return Case(
        When(Q(birth_calendar=Member.Calendar.SOLAR, birth_year__isnull=False) & not_yet, then=years - 1),
        When(birth_calendar=Member.Calendar.SOLAR, birth_year__isnull=False, then=years),
        default=None,
        output_field=IntegerField(),
    )


def _days_registered(now: datetime, params: Params) -> Expression | F:
    """Shop days since the day of registration: 0 on that day."""
    # date - date is a whole number in Postgres; Django's own subtraction would make an interval of it.
    return Func(
        Cast(Value(local_day(now)), DateField()),
        TruncDate("registered_at", tzinfo=zone()),
        template="(%(expressions)s)",
        arg_joiner=" - ",
        output_field=IntegerField(),
    )


def _source(now: datetime, params: Params) -> Expression | F:
    return F("source")


def _store(now: datetime, params: Params) -> Expression | F:
    return F("store__code")


def _stores() -> list[tuple[str, str]]:
    return list(Store.objects.order_by("code").values_list("code", "name"))


def _choices(choices: type[Member.Gender] | type[Member.Source]) -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in choices.choices]


FACTS = (
    Fact("members.gender", _("Gender"), "choice", _gender, choices=lambda: _choices(Member.Gender)),
    Fact("members.age", _("Age"), "integer", _age),
    Fact("members.birth_month", _("Birthday month"), "integer", _birth_month),
    Fact("members.days_registered", _("Days since registration"), "integer", _days_registered),
    Fact("members.source", _("Registration source"), "choice", _source, choices=lambda: _choices(Member.Source)),
    Fact("members.store", _("Registration store"), "choice", _store, choices=_stores),
)
