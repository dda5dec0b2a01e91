"""Six languages, complete: every source string is in every catalogue, translated, with its placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "shifts", "distribution", "reports", "peresmenka")
LOCALES = [to_locale(code) for code, _ in settings.LANGUAGES]
# Where each function keeps its source string, and its plural.
FUNCTIONS = {
    "_": (0, None),
    "gettext": (0, None),
    "gettext_lazy": (0, None),
    "gettext_noop": (0, None),
    "pgettext": (1, None),
    "pgettext_lazy": (1, None),
    "ngettext": (0, 1),
    "ngettext_lazy": (0, 1),
    "npgettext": (1, 2),
}
# What follows the opening bracket of a call with plain arguments, to the closing one.
CALLS_REST = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'()])*\)""", re.DOTALL)
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%[ds]")

Message = tuple[str, str]  # source string, plural or ""


def catalogue(locale: str) -> polib.POFile:
    return polib.pofile(str(ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"))


def source_messages() -> set[Message]:
    found: set[Message] = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if not {"migrations", "local"} & set(path.relative_to(ROOT).parts):
                found.update(messages_of(ast.parse(path.read_text())))
    for folder in ("templates", *(f"{app}/templates" for app in APPS)):
        for path in (ROOT / folder).rglob("*.html"):
            for call in calls_of(templatize(path.read_text(), origin=str(path))):
                found.update(messages_of(call))
    return found


def messages_of(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in FUNCTIONS:
            continue
        places = FUNCTIONS[name]
        texts = [text_of(node.args, place) for place in places if place is not None]
        if all(texts):
            yield texts[0], texts[1] if len(texts) > 1 else ""


def text_of(args: list[ast.expr], place: int) -> str:
    node = args[place] if place < len(args) else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def calls_of(templatized: str) -> Iterator[ast.AST]:
    """Yield the calls that a template was turned into; between them stand letters without sense."""
    for start in re.finditer(r"\b(?:n|p|np)?gettext\(|(?<!\w)_\(", templatized):
        end = CALLS_REST.match(templatized, start.end())
        assert end is not None, templatized[start.start() : start.end() + 80]
        yield ast.parse(templatized[start.start() : end.end()].strip(), mode="eval")


@pytest.fixture(scope="module")
def messages() -> set[Message]:
    return source_messages()


def test_the_search_for_source_strings_finds_all_forms(messages: set[Message]) -> None:
    assert ("Shift distribution", "") in messages
    assert ("outside working hours", "") in messages
    assert ("%(number)s attempt", "%(number)s attempts") in messages
    assert any(one.startswith("%(leads)s open lead moves") for one, _ in messages)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_source_string_is_in_the_catalogue(locale: str, messages: set[Message]) -> None:
    known = {(entry.msgid, entry.msgid_plural) for entry in catalogue(locale)}
    assert messages - known == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_missing_or_fuzzy(locale: str) -> None:
    entries = catalogue(locale)
    assert [entry.msgid for entry in entries.untranslated_entries()] == []
    assert [entry.msgid for entry in entries.fuzzy_entries()] == []
    assert [entry.msgid for entry in entries.obsolete_entries()] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_translation_has_the_placeholders_of_its_source(locale: str) -> None:
    entries = catalogue(locale)
    forms = int(re.findall(r"nplurals=(\d)", entries.metadata["Plural-Forms"])[0])
    for entry in entries:
        wanted = set(PLACEHOLDER.findall(entry.msgid))
        texts = [*entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr]
        assert len(texts) == (forms if entry.msgid_plural else 1), entry.msgid
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) == wanted, (entry.msgid, text)


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_few_strings_are_left_in_english(locale: str) -> None:
    worded = [
        entry for entry in catalogue(locale) if PLACEHOLDER.sub("", entry.msgid).strip(" .,:()+")
    ]
    same = [entry.msgid for entry in worded if entry.msgstr == entry.msgid]
    assert len(same) < 30, same
