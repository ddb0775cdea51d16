"""The translations command: what it finds, keeps, refuses and compiles."""

import gettext
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.management.commands import translations

PO = Path("shop/locale/zh_Hans/LC_MESSAGES/django.po")


@pytest.fixture
def project(tmp_path: Path, settings: object) -> Path:
    """A project of one app in which the command works."""
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]  # pytest-django's wrapper accepts any setting
    settings.FIRST_PARTY_APPS = ["shop"]  # type: ignore[attr-defined]  # as above
    templates = tmp_path / "shop" / "templates" / "shop"
    templates.mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "shop" / "views.py").write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        'a = _("Hello %(name)s") % {"name": 1}\n'
        'b = ngettext("%(n)s cup", "%(n)s cups", 2)\n'
        'c = pgettext("store", "open")\n'
        'd = _("long " "text")\n'
        "e = _(variable)\n"
        'f = not_ours("Never")\n',
        encoding="utf-8",
    )
    (templates / "page.html").write_text(
        '{% translate "It\'s tea" %} {{ _("Filtered") }} {% if a == _("Cond (ition)") %}{% endif %}\n'
        "{% blocktranslate count n=n with who=x.name %}{{ who }}: {{ n }} row{% plural %}{{ who }}: {{ n }} rows"
        "{% endblocktranslate %}\n"
        "{% blocktranslate trimmed %}\n 100 % sure\n about {{ that }}\n{% endblocktranslate %}\n"
        '{% translate "shut" context "store" as text %} Plain ( text with "quotes" and it\'s odd\n'
        '{# see "that" #}{% comment %}{% translate "Never" %}{% endcomment %}\n',
        encoding="utf-8",
    )
    return tmp_path


def run(action: str) -> str:
    out = StringIO()
    call_command("translations", f"--{action}", stdout=out)
    return out.getvalue()


def fill(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


COMPLETE = (
    ('msgid "Hello %(name)s"\nmsgstr ""', 'msgid "Hello %(name)s"\nmsgstr "你好 %(name)s"'),
    ('msgid_plural "%(n)s cups"\nmsgstr[0] ""', 'msgid_plural "%(n)s cups"\nmsgstr[0] "%(n)s 杯"'),
    ('msgid "open"\nmsgstr ""', 'msgid "open"\nmsgstr "营业中"'),
    ('msgid "long text"\nmsgstr ""', 'msgid "long text"\nmsgstr "长文"'),
    ('msgid "It\'s tea"\nmsgstr ""', 'msgid "It\'s tea"\nmsgstr "是茶"'),
    ('msgid "Filtered"\nmsgstr ""', 'msgid "Filtered"\nmsgstr "已筛选"'),
    ('msgid "Cond (ition)"\nmsgstr ""', 'msgid "Cond (ition)"\nmsgstr "条件"'),
    ('rows"\nmsgstr[0] ""', 'rows"\nmsgstr[0] "%(who)s：%(n)s 条"'),
    (
        'msgid "100 %% sure about %(that)s"\nmsgstr ""',
        'msgid "100 %% sure about %(that)s"\nmsgstr "对 %(that)s 有 100 %% 把握"',
    ),
    ('msgid "shut"\nmsgstr ""', 'msgid "shut"\nmsgstr "已停业"'),
)


def test_everything_marked_is_found_in_code_and_templates(project: Path) -> None:
    run("update")

    text = (project / PO).read_text(encoding="utf-8")
    assert [text.count(old) for old, _new in COMPLETE] == [1] * len(COMPLETE)
    assert text.count("msgid ") == len(COMPLETE) + 1
    assert "Never" not in text
    assert text.count('msgctxt "store"') == 2


def test_two_runs_write_the_same_file_without_dates_or_machine_paths(project: Path) -> None:
    run("update")
    first = (project / PO).read_text(encoding="utf-8")
    second_output = run("update")

    assert (project / PO).read_text(encoding="utf-8") == first
    assert second_output == ""
    assert str(project) not in first
    assert "Date" not in first


def test_a_complete_file_passes_and_compiles_once(project: Path) -> None:
    run("update")
    fill(project / PO, *COMPLETE)

    assert run("check") == ""
    assert run("compile") == "shop: compiled\n"
    assert run("compile") == ""
    with (project / PO).with_suffix(".mo").open("rb") as file:
        catalog = gettext.GNUTranslations(file)
    assert catalog.gettext("Hello %(name)s") == "你好 %(name)s"
    assert catalog.ngettext("%(n)s cup", "%(n)s cups", 5) == "%(n)s 杯"
    assert catalog.pgettext("store", "open") == "营业中"
    assert catalog.gettext("Unknown") == "Unknown"


def test_an_edited_file_is_compiled_again(project: Path) -> None:
    run("update")
    run("compile")
    later = (project / PO).with_suffix(".mo").stat().st_mtime + 5
    os.utime(project / PO, (later, later))

    assert run("compile") == "shop: compiled\n"


def test_update_keeps_translations_drops_what_is_gone_and_guesses_nothing(project: Path) -> None:
    run("update")
    fill(project / PO, *COMPLETE)
    code = project / "shop" / "views.py"
    code.write_text(code.read_text(encoding="utf-8").replace("long ", "longer "), encoding="utf-8")

    run("update")

    text = (project / PO).read_text(encoding="utf-8")
    assert 'msgstr "你好 %(name)s"' in text
    assert 'msgid "longer text"\nmsgstr ""' in text
    assert "长文" not in text
    assert "fuzzy" not in text


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('msgstr "长文"', 'msgstr ""', "untranslated 'long text'"),
        ('msgstr "你好 %(name)s"', 'msgstr "你好"', "other placeholders in 'Hello %(name)s'"),
        ('msgstr "你好 %(name)s"', 'msgstr "你好 %(nmae)s"', "other placeholders"),
        ('msgid "long text"', '#, fuzzy\nmsgid "long text"', "fuzzy 'long text'"),
        ('msgid "long text"', 'msgid "old text"', "obsolete 'old text'"),
        ('msgid "long text"', 'msgid "old text"', "missing 'long text'"),
        ('msgid "long text"', '#~ msgid "x"\n#~ msgstr "y"\n\nmsgid "long text"', "commented-out"),
    ],
)
def test_check_names_what_is_wrong(project: Path, old: str, new: str, problem: str) -> None:
    run("update")
    fill(project / PO, *COMPLETE)
    fill(project / PO, (old, new))

    with pytest.raises(CommandError) as error:
        run("check")

    assert problem in str(error.value)
    assert str(error.value).startswith("shop: ")


def test_placeholders_are_compared_by_name() -> None:
    assert translations.placeholders("%(a)s of %(b)d, %% and %s") == ["%%", "%(a)s", "%(b)d", "%s"]


def test_one_text_with_two_translations_is_refused_unless_a_context_tells_them_apart(project: Path) -> None:
    run("update")
    fill(project / PO, *COMPLETE)
    (project / "templates" / "base.html").write_text(
        '{% translate "long text" %}{% translate "Filtered" %}{% translate "open" %}', encoding="utf-8"
    )
    run("update")
    fill(
        project / "locale/zh_Hans/LC_MESSAGES/django.po",
        ('msgid "long text"\nmsgstr ""', 'msgid "long text"\nmsgstr "别的"'),
        ('msgid "Filtered"\nmsgstr ""', 'msgid "Filtered"\nmsgstr "已筛选"'),
        ('msgid "open"\nmsgstr ""', 'msgid "open"\nmsgstr "打开"'),
    )

    with pytest.raises(CommandError) as error:
        run("check")

    assert str(error.value) == "site: 'long text' is '别的' here and '长文' in shop; use a context"
