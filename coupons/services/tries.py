"""How often codes and phones may be tried (R-K10): counted in the database, so that every worker counts together."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from core.errors import DomainError
from coupons.models import Tries
from jobs.registry import Counts

CODE_MISSES = "coupons.code_misses"
STRETCH = timedelta(minutes=10)
CHUNK = 5_000


class TooManyTries(DomainError):
    """Somebody tried too often; the text is the same whatever was tried."""

    status = 429

    def __init__(self) -> None:
        super().__init__(_("Too many tries. Please wait ten minutes."))


def count_try(*, who: str, most: int, at: datetime) -> None:
    """Count one try of somebody in the present ten minutes; TooManyTries from the one after ``most`` on.

    Call it outside the transaction of what is tried, so that a refusal does not take the count back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO coupons_tries (who, since, count) VALUES (%s, %s, 1)"
            " ON CONFLICT (who, since) DO UPDATE SET count = coupons_tries.count + 1 RETURNING count",
            [who[:100], _stretch(at)],
        )
        (count,) = cursor.fetchone()
    if count > most:
        raise TooManyTries


def check_tries(*, who: str, most: int, at: datetime) -> None:
    """TooManyTries where somebody has no try left, without counting one."""
    if Tries.objects.filter(who=who[:100], since=_stretch(at), count__gte=most).exists():
        raise TooManyTries


def _stretch(at: datetime) -> datetime:
    seconds = int(STRETCH.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def address_key(address: str | None) -> str:
    """An address as it is counted: a keyed hash, so that the table tells nobody who was there."""
    digest = salted_hmac("coupons.tries", address or "", secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()
    return f"address:{digest[:40]}"


def forget_tries(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: throw away what is older than an hour."""
    old = Tries.objects.filter(since__lt=at - timedelta(hours=1))
    while keys := list(old.values_list("pk", flat=True)[:CHUNK]):
        deleted, _models = old.filter(pk__in=keys).delete()
        yield {"changed": deleted}
