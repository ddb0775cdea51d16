"""The pages of tags and the rule builder, with and without scripts."""

import pytest
from django.urls import reverse

from tags import services
from tags.models import MemberTag, Tag
from tests.factories.members import create_member

HTMX = {"HX-Request": "true"}
RULE = {
    "all": [
        {"fact": "members.age", "op": "gte", "value": "18"},
        {"fact": "members.gender", "op": "eq", "value": "female"},
    ]
}


def tag_form(**changes: str) -> dict[str, str]:
    return {
        "name": "Ladies",
        "description": "",
        "colour": "accent",
        "kind": "automatic",
        "is_active": "on",
        "joint": "all",
        "rows": "2",
        "fact-0": "members.age",
        "op-0": "gte",
        "value-0": "18",
        "fact-1": "members.gender",
        "op-1": "eq",
        "value-1": "female",
        **changes,
    }


def test_a_rule_is_built_saved_and_shown_again(manager, client_for):
    client = client_for(manager)

    saved = client.post(reverse("tags:tag-create"), tag_form())
    tag = Tag.objects.get()
    page = client.get(reverse("tags:tag-edit", args=[tag.pk])).content.decode()

    assert saved.url == reverse("tags:tag-list")
    assert (tag.name, tag.colour, tag.rule) == ("Ladies", "accent", RULE)
    assert 'name="value-0" value="18"' in page
    assert '<option value="members.gender" selected>' in page
    assert '<option value="female" selected>' in page
    assert client.get(reverse("tags:tag-list")).status_code == 200


@pytest.mark.parametrize(
    ("press", "facts"),
    [
        ({"add": "1"}, ["members.age", "members.gender", None]),
        ({"remove": "0"}, ["members.gender"]),
        ({"fit": "1"}, ["members.age", "members.gender"]),
    ],
)
def test_without_scripts_the_buttons_keep_what_was_typed_and_save_nothing(manager, client_for, press, facts):
    response = client_for(manager).post(reverse("tags:tag-create"), tag_form(**press))

    assert response.status_code == 200
    assert [row.get("fact") for row in response.context["builder"].rows] == facts
    assert 'value="Ladies"' in response.content.decode()
    assert Tag.objects.count() == 0


def test_with_scripts_the_same_buttons_send_the_rows_alone(manager, client_for):
    response = client_for(manager).post(reverse("tags:rule-rows"), tag_form(add="1"), headers=HTMX)

    assert response.content.decode().count('name="fact-') == 3
    assert b"<html" not in response.content


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"rows": "0"},
        {"rows": "x"},
        {"rows": "-1"},
        {"fact-0": ""},
        {"fact-0": "nobody.knows"},
        {"value-0": "old"},
        {"op-1": "gte"},
        {"value-1": "robot"},
        {"colour": "pink"},
        {"kind": "x"},
    ],
)
def test_wrong_input_is_422_and_writes_nothing(manager, client_for, changes):
    response = client_for(manager).post(reverse("tags:tag-create"), tag_form(**changes))

    assert response.status_code == 422
    assert Tag.objects.count() == 0


def test_a_manual_tag_needs_no_rule_and_its_kind_stays(manager, client_for):
    client = client_for(manager)
    client.post(reverse("tags:tag-create"), tag_form(kind="manual", rows="0"))
    tag = Tag.objects.get()

    client.post(reverse("tags:tag-edit", args=[tag.pk]), tag_form(name="VIP", kind="automatic"))

    tag.refresh_from_db()
    assert (tag.name, tag.kind, tag.rule) == ("VIP", "manual", None)


def test_a_rule_with_inner_groups_is_kept_as_it_is(manager, client_for, now):
    rule = {"any": [RULE, {"fact": "members.age", "op": "empty", "value": True}]}
    tag = services.save_tag(name="Odd", kind="automatic", rule=rule, actor=manager, at=now)
    client, url = client_for(manager), reverse("tags:tag-edit", args=[tag.pk])

    page = client.get(url).content.decode()
    client.post(url, tag_form(name="Odder"))

    assert 'name="fact-0"' not in page
    tag.refresh_from_db()
    assert (tag.name, tag.rule, tag.rule_version) == ("Odder", rule, 1)


def test_the_preview_counts_while_the_rule_is_built(store, manager, client_for):
    create_member(store, name="Ann", gender="female", birth_year=1990, birth_month=1, birth_day=1)
    create_member(store, name="Bob", gender="male")
    client, url = client_for(manager), reverse("tags:rule-preview")

    whole = client.post(url, tag_form(), headers=HTMX)
    half = client.post(url, tag_form(**{"value-0": ""}), headers=HTMX)

    assert (whole.context["preview"].count, whole.context["preview"].total) == (1, 2)
    assert "Ann" in whole.content.decode()
    assert half.context["preview"] is None
    assert half.status_code == 200


def test_the_list_costs_the_same_for_any_number_of_tags(manager, client_for, now, django_assert_num_queries):
    for index in range(12):
        services.save_tag(name=f"T{index}", actor=manager, at=now)
    client = client_for(manager)
    client.get(reverse("tags:tag-list"))

    # Session, person, rights (2), stores of the frame, tags with their counts.
    with django_assert_num_queries(6):
        client.get(reverse("tags:tag-list"))


def test_a_tags_page_lists_who_has_it(store, manager, client_for, now):
    tag = services.save_tag(name="VIP", actor=manager, at=now)
    member = create_member(store, name="王小明")
    create_member(store, name="李雷")
    services.tag_member(member_id=member.pk, tag_id=tag.pk, actor=manager, at=now)
    client, url = client_for(manager), reverse("tags:tag-detail", args=[tag.pk])

    page, fragment = client.get(url), client.get(url, headers=HTMX)

    assert "王小明" in page.content.decode()
    assert "李雷" not in page.content.decode()
    assert b"<html" not in fragment.content


def test_tags_are_given_and_taken_on_the_member_page(store, manager, cashier, client_for, now):
    tag = services.save_tag(name="VIP", actor=manager, at=now)
    member = create_member(store)
    client = client_for(manager)
    give = reverse("tags:assignment-create", args=[member.pk])
    take = reverse("tags:assignment-delete", args=[member.pk, tag.pk])

    assert client_for(cashier).post(give, {"tag": tag.pk}).status_code == 403
    assert client.get(reverse("tags:member-panel", args=[member.pk]), headers=HTMX).status_code == 200
    given = client.post(give, {"tag": tag.pk}, headers=HTMX)
    assert "VIP" in given.content.decode()
    held = MemberTag.objects.get(until=None)
    assert (held.actor, held.store) == (manager, store)
    client.post(take, headers=HTMX)

    assert not MemberTag.objects.filter(until=None).exists()
    for nonsense in ("", "x", "0", "9" * 30):
        assert client.post(give, {"tag": nonsense}).status_code == 404


def test_a_refusal_stands_in_the_block(store, manager, client_for, now):
    rule = {"all": [{"fact": "members.gender", "op": "eq", "value": "female"}]}
    tag = services.save_tag(name="Ladies", kind="automatic", rule=rule, actor=manager, at=now)
    member = create_member(store, gender="female")
    services.retag_tag(tag_id=tag.pk, at=now)

    response = client_for(manager).post(reverse("tags:assignment-delete", args=[member.pk, tag.pk]), headers=HTMX)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert MemberTag.objects.filter(until=None).count() == 1
