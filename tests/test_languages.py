"""Every language the site offers is complete."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import to_locale

BASE = Path(__file__).resolve().parents[1]
SHIPPED = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


def catalogue(locale: str, folder: Path = BASE / "locale") -> dict[tuple[str | None, str], Message]:
    with (folder / locale / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {(message.context, key(message)): message for message in read_po(file) if message.id}


def key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def forms(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string or ""]


@pytest.mark.parametrize("locale", SHIPPED)
def test_nothing_is_left_untranslated_or_unsure(locale: str) -> None:
    messages = catalogue(locale).values()

    assert messages
    assert [key(message) for message in messages if message.fuzzy or not all(forms(message))] == []


@pytest.mark.parametrize("locale", SHIPPED)
def test_a_translation_keeps_the_placeholders(locale: str) -> None:
    def strange(message: Message) -> bool:
        """Whether some form names what the original does not; a plural form may leave a number out."""
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        known = {name for text in ids for name in PLACEHOLDER.findall(text)}
        used = [set(PLACEHOLDER.findall(form)) for form in forms(message)]
        lost = len(ids) == 1 and any(names != known for names in used)
        return lost or any(names - known for names in used)

    assert [key(message) for message in catalogue(locale).values() if strange(message)] == []


def test_every_string_of_the_source_is_in_every_language(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("xgettext is not installed")
    shutil.copytree(BASE, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "screens", "node_modules", "*.mo"))
    command = [sys.executable, "manage.py", "makemessages", "--no-location", "--no-obsolete"]
    ignored = [word for name in ("tests", "bench") for word in ("-i", name)]
    subprocess.run(
        [*command, *ignored, *(word for locale in SHIPPED for word in ("-l", locale))],
        cwd=tmp_path / "copy",
        check=True,
        capture_output=True,
    )

    for locale in SHIPPED:
        extracted = set(catalogue(locale, tmp_path / "copy" / "locale"))
        assert extracted - set(catalogue(locale)) == set()
