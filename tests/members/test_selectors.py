"""Finding members at the till and listing them."""

from datetime import date, timedelta

import pytest
from django.db import connection

from members import selectors, services
from members.models import Member
from members.selectors import MemberFilter
from members.services import MemberData
from tests.factories.members import create_member


def names(text: str) -> list[str]:
    return [member.name for member in selectors.find_members(text)]


def test_a_member_is_found_in_every_way_of_the_rule(store, django_assert_num_queries):
    member = create_member(store, name="王小明", phone="13800138000")
    create_member(store, name="李雷", phone="13900139001")

    for text in (
        member.number,
        "13800138000",
        "+86 138 0013 8000",
        "１３８００１３８０００",
        "8000",
        "王小",
        "王小明",
        "wxm",
        "WXM",
        "wangxm",
        "wang xiao",
        "wangxiaoming",
    ):
        with django_assert_num_queries(1):
            found = selectors.find_members(text)
        assert [row.pk for row in found] == [member.pk], text
        assert found[0].store == store


@pytest.mark.parametrize(
    ("name", "text"), [("单雄信", "sxx"), ("单雄信", "dxx"), ("单雄信", "shanx"), ("曾国藩", "zgf")]
)
def test_names_with_several_readings_are_found_by_all_initials(store, name, text):
    create_member(store, name=name)

    assert names(text) == [name]


def test_a_name_in_latin_letters_is_found_by_any_of_its_words(store):
    create_member(store, name="John Smith")

    assert names("john s") == names("smith") == names("js") == ["John Smith"]


def test_a_wrong_check_digit_is_not_a_member_number(store):
    member = create_member(store)
    wrong = member.number[:-1] + str((int(member.number[-1]) + 1) % 10)

    assert selectors.find_members(wrong) == []


def test_several_with_the_same_tail_give_a_list_newest_first(store, now):
    first = create_member(store, name="甲", phone="13800008888", at=now)
    second = create_member(store, name="乙", phone="13900008888", at=now + timedelta(days=1))

    assert [member.pk for member in selectors.find_members("8888")] == [second.pk, first.pk]


def test_closed_and_merged_members_are_not_found_and_frozen_ones_are(store):
    for status in Member.Status:
        member = create_member(store, name=f"王{status}")
        Member.objects.filter(pk=member.pk).update(status=status)

    assert sorted(names("王")) == ["王active", "王frozen"]
    assert sorted(names("wang")) == ["王active", "王frozen"]


@pytest.mark.parametrize("text", ["", "   ", "\0", "a\0", "%", "_", "'", "\\", "x" * 500, "😀", "null", "1234"])
def test_odd_texts_find_nobody(store, text):
    create_member(store, name="王小明", phone="13800138000")

    assert selectors.find_members(text) == []


def test_the_limit_counts_members_and_not_keys(store):
    for index in range(6):
        create_member(store, name=f"单{index}")

    assert len(selectors.find_members("s", limit=5)) == 5
    assert len(selectors.find_members("单", limit=5)) == 5


def test_lists_are_filtered_by_every_field(store, other_store, now):
    one = create_member(store, name="王小明", gender="male", birth_month=3, birth_day=1, at=now)
    create_member(other_store, name="李雷", gender="female", source="import", at=now - timedelta(days=40))

    for criteria in (
        MemberFilter(search="wxm"),
        MemberFilter(source="counter"),
        MemberFilter(store_id=store.pk),
        MemberFilter(gender="male"),
        MemberFilter(birth_month=3),
        MemberFilter(registered_from=date(2026, 3, 18)),
        MemberFilter(registered_from=date(2026, 3, 18), registered_until=date(2026, 3, 18)),
    ):
        assert list(selectors.list_members(criteria)) == [one], criteria
    assert selectors.list_members(MemberFilter(status="frozen")).count() == 0
    assert selectors.list_members(MemberFilter()).count() == 2


def test_days_of_a_filter_are_shop_days(store, now):
    midnight = now.replace(hour=16)
    create_member(store, name="before", at=midnight - timedelta(microseconds=1))
    create_member(store, name="after", at=midnight)

    found = selectors.list_members(MemberFilter(registered_from=date(2026, 3, 19), registered_until=date(2026, 3, 19)))
    assert [member.name for member in found] == ["after"]


def test_pages_follow_each_other_without_gap_or_repeat(store, now, django_assert_num_queries):
    created = [create_member(store, at=now + timedelta(minutes=index // 3)).pk for index in range(10)]
    seen: list[int] = []
    cursor = ""

    for _page in range(4):
        with django_assert_num_queries(1):
            page = selectors.page_members(MemberFilter(), cursor=cursor, size=3)
        seen += [member.pk for member in page.rows]
        cursor = page.next_cursor

    assert seen == sorted(created, reverse=True)
    assert cursor == ""


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "WyJhIiwiYiJd", "WzEsMl0", "é"])
def test_a_foreign_cursor_shows_the_first_page(store, cursor):
    member = create_member(store)

    page = selectors.page_members(MemberFilter(), cursor=cursor)

    assert page.rows == [member]
    assert page.is_first


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_no_lookup_reads_the_whole_table(store, now):
    surnames, given = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚"
    rows = [
        services.build_member(
            data=MemberData(
                name=surnames[index % 10] + given[index // 10 % 20] + given[index // 200 % 20],
                phone=f"139{index:08d}",
            ),
            source="import",
            store=store,
            at=now + timedelta(seconds=index),
            number=number,
        )
        for index, number in enumerate(services.reserve_numbers(20_000))
    ]
    services.insert_members(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_member, members_searchkey")

    for text in (rows[7].number, "13900000123", "0123", "王伟", "wwf", "wangw"):
        with CaptureLast() as last:
            selectors.find_members(text)
        assert "Seq Scan on members_" not in plan(last.sql), text
    for criteria in (MemberFilter(), MemberFilter(search="wwf"), MemberFilter(search="0123")):
        with CaptureLast() as last:
            selectors.page_members(criteria, size=50)
        assert "Seq Scan on members_" not in plan(last.sql), criteria
    first = selectors.page_members(MemberFilter(), size=50)
    with CaptureLast() as last:
        selectors.page_members(MemberFilter(), cursor=first.next_cursor, size=50)
    assert "members_member_newest" in plan(last.sql)


class CaptureLast:
    """The last statement of a block, with its parameters filled in."""

    sql = ""

    def __enter__(self) -> "CaptureLast":
        connection.force_debug_cursor = True
        return self

    def __exit__(self, *_: object) -> None:
        connection.force_debug_cursor = False
        self.sql = connection.queries[-1]["sql"]
