"""``manage.py translations``: message files without the gettext binaries, in the form that a check can hold.

``--update`` collects the English texts of every app and of the site's templates into ``locale/zh_Hans``, ``--check``
fails on anything untranslated, fuzzy, missing, left over, with other placeholders or translated in two ways, and
``--compile`` writes the ``.mo`` files that are older than their source.
"""

import io
import re
import tokenize
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

LANGUAGE = "zh_Hans"
KEYWORDS: dict[str, tuple[Any, ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sdif]|%[sdif%]|\{(\w*)\}")
_CALL = re.compile(r"(?:^|[^\w.])(_|gettext|ngettext|pgettext|npgettext)\(")

Key = tuple[str, str | tuple[str, ...]]


def sources(base: Path) -> dict[Path, list[Path]]:
    """The directory of each message file with the files that it covers: one per app, and the site's own."""
    apps = [base / name for name in settings.FIRST_PARTY_APPS]
    found = {
        app / "locale": [
            *_files(app, "*.py"),
            *_files(app / "templates", "*.html"),
            *_files(app / "templates", "*.txt"),
        ]
        for app in apps
    }
    found[base / "locale"] = [*_files(base / "config", "*.py"), *_files(base / "templates", "*.html")]
    return found


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if "migrations" not in path.parts)


def _python_messages(text: str) -> Iterator[tuple[int, str, Any]]:
    calls: Iterable[Any] = extract_python(io.BytesIO(text.encode()), KEYWORDS, [], {})
    for line, keyword, messages, _comments in calls:
        yield line, keyword, messages


def _template_messages(text: str, origin: str) -> Iterator[tuple[int, str, Any]]:
    """Django's own ``templatize`` gives calls between filler; each call is cut out and read as Python."""
    code = templatize(text, origin=origin)
    for match in _CALL.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        call = _balanced(code, match.start(1))
        if call:
            for _line, keyword, messages in _python_messages(call):
                yield line, keyword, messages


def _balanced(code: str, start: int) -> str:
    """The call that begins at ``start``, up to the bracket that closes it; empty where the rest is no Python."""
    depth = 0
    lines = code[start:].splitlines(keepends=True)
    try:
        for token in tokenize.generate_tokens(iter(lines).__next__):
            if token.type == tokenize.OP and token.string == "(":
                depth += 1
            elif token.type == tokenize.OP and token.string == ")":
                depth -= 1
                if depth == 0:
                    row, column = token.end
                    return "".join(lines[: row - 1]) + lines[row - 1][:column]
    except (tokenize.TokenError, IndentationError, StopIteration):
        return ""
    return ""


def _key_of(keyword: str, messages: Any) -> Key | None:
    """Context and message id (a pair for plurals) of one call, or None where an argument is not a literal."""
    parts = list(messages) if isinstance(messages, tuple) else [messages]
    spec = KEYWORDS[keyword]
    wanted = spec or (1,)
    context, texts = "", []
    for position in wanted:
        index, is_context = (position[0], True) if isinstance(position, tuple) else (position, False)
        text = parts[index - 1] if index <= len(parts) else None
        if not text:
            return None
        if is_context:
            context = text
        else:
            texts.append(text)
    return context, texts[0] if len(texts) == 1 else (texts[0], texts[1])


def extract(files: Iterable[Path], base: Path) -> dict[Key, list[str]]:
    """Every marked text with the files that use it, in order of appearance."""
    found: dict[Key, list[str]] = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        is_python = path.suffix == ".py"
        calls = _python_messages(text) if is_python else _template_messages(text, str(path))
        for _line, keyword, messages in calls:
            key = _key_of(keyword, messages)
            if key is not None:
                places = found.setdefault(key, [])
                place = path.relative_to(base).as_posix()
                if place not in places:
                    places.append(place)
    return found


def _id_of(message: Message) -> Key:
    identifier: Any = message.id
    return message.context or "", identifier


def read(path: Path) -> Catalog:
    """The catalog of a message file, empty where there is none."""
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def merged(extracted: dict[Key, list[str]], existing: Catalog) -> Catalog:
    """The new catalog: present texts keep their translation, gone ones are dropped, nothing is guessed."""
    known = {_id_of(message): message for message in existing if message.id}
    catalog = Catalog(locale=LANGUAGE)
    for (context, identifier), places in extracted.items():
        old = known.get((context, identifier))
        string = old.string if old is not None else ("" if isinstance(identifier, str) else ("",))
        flags = {flag for flag in (old.flags if old else set()) if flag == "fuzzy"}
        catalog.add(
            identifier,
            string,
            cast("list[tuple[str, int]]", [(place, None) for place in places]),
            flags,
            context=context or None,
        )
    return catalog


def text_of(catalog: Catalog) -> str:
    """The file as it is written: a header without dates, names or machine paths, so that two runs are equal."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, omit_header=True, sort_output=False, include_previous=False)
    header = (
        'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n'
    )
    body = buffer.getvalue().decode().strip("\n")
    return f"{header}\n{body}\n" if body else header


def placeholders(text: str) -> list[str]:
    """The names of what is filled in, sorted; a plain ``%%`` counts as one too."""
    return sorted(match.group(0) for match in _PLACEHOLDER.finditer(text))


def _mismatch(identifier: str | tuple[str, ...], translation: str) -> bool:
    forms = [identifier] if isinstance(identifier, str) else identifier
    wanted = placeholders(translation)
    return all(placeholders(form) != wanted for form in forms)


def problems(extracted: dict[Key, list[str]], catalog: Catalog, name: str) -> list[str]:
    """What ``--check`` prints for one message file, a line each."""
    known = {_id_of(message): message for message in catalog if message.id}
    found = [f"{name}: missing {key[1]!r}" for key in extracted if key not in known]
    for key, message in known.items():
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if key not in extracted:
            found.append(f"{name}: obsolete {key[1]!r}")
        elif message.fuzzy:
            found.append(f"{name}: fuzzy {key[1]!r}")
        elif not all(strings):
            found.append(f"{name}: untranslated {key[1]!r}")
        elif any(_mismatch(key[1], string) for string in strings):
            found.append(f"{name}: other placeholders in {key[1]!r}")
    if catalog.obsolete:
        found.append(f"{name}: has commented-out entries")
    return found


def contradictions(catalogs: dict[str, Catalog]) -> list[str]:
    """Texts that two files translate differently: Django merges all files, so one would show the other's words."""
    seen: dict[Key, tuple[str, Any]] = {}
    found = []
    for name, catalog in catalogs.items():
        for message in catalog:
            if not message.id or not message.string:
                continue
            first, string = seen.setdefault(_id_of(message), (name, message.string))
            if string != message.string:
                found.append(
                    f"{name}: {message.id!r} is {message.string!r} here and {string!r} in {first}; use a context"
                )
    return found


def compile_file(path: Path) -> bool:
    """Write the ``.mo`` beside a ``.po`` if that is newer; True where it was written."""
    target = path.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return False
    buffer = io.BytesIO()
    write_mo(buffer, read(path))
    target.write_bytes(buffer.getvalue())
    return True


class Command(BaseCommand):
    """See the module."""

    help = "Collects, checks and compiles translations."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and for which apps."""
        action = parser.add_mutually_exclusive_group(required=True)
        for name in ("update", "check", "compile"):
            action.add_argument(f"--{name}", action="store_const", dest="action", const=name)
        parser.add_argument("apps", nargs="*", help="only these; 'site' is the global templates and config")

    def handle(self, *args: Any, action: str, apps: list[str], **options: Any) -> None:
        """Do it for every message file, or those named."""
        base = Path(settings.BASE_DIR)
        found: list[str] = []
        catalogs: dict[str, Catalog] = {}
        for folder, files in sources(base).items():
            name = "site" if folder.parent == base else folder.parent.name
            if apps and name not in apps:
                continue
            path = folder / LANGUAGE / "LC_MESSAGES" / "django.po"
            found += getattr(self, f"_{action}")(path, files, base, name)
            if action == "check":
                catalogs[name] = read(path)
        found += contradictions(catalogs)
        if found:
            raise CommandError("\n".join(found))

    def _update(self, path: Path, files: list[Path], base: Path, name: str) -> list[str]:
        extracted = extract(files, base)
        if extracted or path.exists():
            text = text_of(merged(extracted, read(path)))
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                self.stdout.write(f"{name}: {len(extracted)} texts")
        return []

    def _check(self, path: Path, files: list[Path], base: Path, name: str) -> list[str]:
        return problems(extract(files, base), read(path), name)

    def _compile(self, path: Path, files: list[Path], base: Path, name: str) -> list[str]:
        if path.exists() and compile_file(path):
            self.stdout.write(f"{name}: compiled")
        return []
