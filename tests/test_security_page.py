"""What docs/security.md promises is shown by tests that are there; and what it promises that nothing else shows."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError
from django.test import Client

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [re.split(r"\s*\|\s*", line.strip("| ")) for line in PAGE.splitlines() if re.match(r"\| \d+\.", line)]
SHOWN = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
CHAPTERS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16}


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_test_that_is_named_is_there() -> None:
    named = SHOWN.findall(PAGE)

    assert len(named) > 100
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_every_file_that_is_named_is_there() -> None:
    named = {name for row in ROWS for name in re.findall(r"`([\w./-]+/[\w./-]*)`", row[2])}

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_line_shows_a_test_or_says_whose_it_is() -> None:
    said = {row[0]: row[3] for row in ROWS}

    assert [number for number, shown in said.items() if not SHOWN.search(shown) and "operator's" not in shown] == []


def test_every_number_is_said_once_and_every_chapter_is_there() -> None:
    numbers = [number for row in ROWS for number in row[0].split(", ")]

    assert len(numbers) > 120
    assert len(numbers) == len(set(numbers))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", number) for number in numbers)
    assert {int(number.split(".")[0]) for number in numbers} == CHAPTERS


def test_what_is_not_met_says_why() -> None:
    unmet = [row[1] for row in ROWS if row[1].startswith("not met")]

    assert unmet
    assert all("because" in words for words in unmet)


def test_how_to_report_a_flaw_is_said() -> None:
    told = (ROOT / "SECURITY.md").read_text()

    assert "/.well-known/security.txt" in told
    assert "docs/security.md" in told


# What nothing else shows


def test_tasks_and_sessions_are_json(settings: Any) -> None:
    from config.celery import app

    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == app.conf.result_serializer == "json"
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"


SCRIPTS = {path.name: path.read_text() for path in (ROOT / "static" / "js").glob("*.js")}


def test_no_script_stores_anything() -> None:
    never = re.compile(r"\b(localStorage|sessionStorage|indexedDB|document\.cookie|caches\.)")

    assert {name: never.findall(script) for name, script in SCRIPTS.items() if never.search(script)} == {}


def test_no_script_listens_to_other_pages_or_writes_markup_of_words() -> None:
    never = re.compile(
        r"\b(eval\(|new Function|document\.write|insertAdjacentHTML|outerHTML\s*=)"
        r"|(?<!others\?\.)(?<!others\.)\baddEventListener\(.message."
    )

    assert SCRIPTS
    assert {name: never.findall(script) for name, script in SCRIPTS.items() if never.search(script)} == {}


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("elevenchars", False),
        ("password1234", False),
        ("ann.bell@example.org", False),
        ("correct horse battery", True),
        ("üñïçødé und Leerzeichen", True),
        ("onlysmallletters", True),
        ("A" * 40 + "b" * 60, True),
    ],
)
def test_which_passwords_are_taken(password: str, is_taken: bool) -> None:
    from accounts.models import User

    try:
        password_validation.validate_password(password, User(email="ann.bell@example.org"))
    except ValidationError:
        assert not is_taken
    else:
        assert is_taken


@pytest.mark.django_db
def test_a_password_is_changed_by_whoever_knows_it(client: Client, someone: Any) -> None:
    user = someone()
    client.force_login(user)
    new = {"password1": "another long password", "password2": "another long password"}

    client.post("/accounts/password/change/", {"oldpassword": "not this one at all", **new})
    user.refresh_from_db()
    assert user.check_password("a long password")

    client.post("/accounts/password/change/", {"oldpassword": "a long password", **new})
    user.refresh_from_db()
    assert user.check_password("another long password")


@pytest.mark.django_db
def test_a_password_field_hides_and_takes_what_is_pasted(client: Client) -> None:
    for address in ("/accounts/login/", "/accounts/signup/"):
        fields = re.findall(r"<input[^>]*password[^>]*>", client.get(address).content.decode())

        assert fields
        assert all('type="password"' in field and "onpaste" not in field for field in fields)
        assert not any('maxlength="' in field for field in fields)


def test_passwords_are_hashed_dearly() -> None:
    assert hashers.PBKDF2PasswordHasher.iterations >= 600_000
    assert hashers.PBKDF2PasswordHasher.algorithm == "pbkdf2_sha256"


def test_every_library_stands_in_the_bill() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.bill", str(ROOT / "requirements.lock")],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)

    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert [part["name"] for part in told["components"]] == locked
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in told["components"])
    assert all(part["hashes"] for part in told["components"])
