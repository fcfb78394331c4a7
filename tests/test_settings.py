"""Every variable is documented, a wrong one is refused, and what follows from them is safe."""

import ast
import os
import re
import runpy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "settings.md").read_text()
HTTPS = "https://reports.example"


def constants(tree: ast.AST) -> dict[str, str]:
    """Names that a module gives to texts."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@cache  # it reads every module of the house
def variables_read() -> frozenset[str]:
    """What any module of the house asks the environment for: by ``environ.get``, ``environ.setdefault`` or ``flag``."""
    return frozenset(asked_for())


def asked_for() -> Iterator[str]:
    for path in [ROOT / "manage.py", *(path for app in APPS for path in (ROOT / app).rglob("*.py"))]:
        tree = ast.parse(path.read_text())
        known = constants(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            asked = ast.unparse(node.func)
            if asked not in (
                "os.environ.get", "os.environ.setdefault", "os.getenv",
                "flag", "number", "days", "log_level", "secret", "another_host",
            ):  # fmt: skip
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield str(name.value)
            elif isinstance(name, ast.Name) and name.id in known:
                yield known[name.id]


APPS = ("config", "triage", "reports", "accounts", "ledger")


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    ours = set(re.findall(r"`(TELLTALE_\w+)`", PAGE.partition("are set by `manage.py up`")[0].rpartition("\n")[2]))

    read = variables_read()

    assert len(read) > 10
    assert documented | ours | {"TELLTALE_UP"} == read | {"TELLTALE_UP"}


@pytest.fixture
def settings_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """What the settings are with just these variables: ``settings_with(SITE_URL=…) -> {name: value}``."""

    def made(**variables: str) -> dict[str, Any]:
        for name in variables_read() - {"DJANGO_SETTINGS_MODULE"}:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"STATE_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    configured = structlog.get_config()
    yield made
    structlog.configure(**configured)


Made = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", ["DEBUG", "DEMO", "REQUIRE_MFA", "TWO_PERSON"])
@pytest.mark.parametrize("value", ["maybe", "2", "yes please", "-1", "None"])
def test_a_slip_of_the_pen_turns_no_safeguard_off(settings_with: Made, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 0 or 1"):
        settings_with(**{name: value})


@pytest.mark.parametrize("name", ["PORT", "PROXY_COUNT"])
@pytest.mark.parametrize("value", ["-1", "1.5", "one", "0x10"])
def test_a_number_is_a_number(settings_with: Made, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        settings_with(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WEB_PROCESSES", "0"),
        ("WEB_THREADS", "0"),
        ("WORKER_THREADS", "0"),
        ("STAFF_IDLE_MINUTES", "0"),
        ("STAFF_SESSION_HOURS", "99999999999999"),
        ("SESSION_DAYS", "9999999999"),
        ("EMBARGO_DAYS", "999999"),
        ("FILE_LIMIT_MB", "21"),
    ],
)
def test_a_number_that_nothing_can_be_done_with_is_refused(settings_with: Made, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number from \d+ to \d+, not '{value}'\.$"):
        settings_with(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("BROKER_URL", "kafka://broker"),
        ("BROKER_URL", "amqp://ann:hunt/er2@broker"),
        ("WEBHOOK_NETWORKS", "10.1.2.3/16"),
        ("MAINTAINER_FILES", "https://hub.example/{org}/{name}/{file}"),
        ("FILES_HOST", "files.example:port"),
        ("DATABASE_URL", "postgresql://ann:hunt/er2@db.example/telltale"),
        ("DATABASE_URL", "postgresql://ann:1#hunter2@db.example/telltale"),
        ("DATABASE_URL", "postgresql://ann@db.example"),
        ("EMAIL_URL", "smtps://ann:hunt/er2@mail.example"),
    ],
)
def test_what_cannot_be_used_is_named_and_no_part_of_a_password_told(
    settings_with: Made, name: str, value: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name} ") as refusal:
        settings_with(**{name: value})

    assert not re.search("hunt|er2", "".join(map(str, [refusal.value, refusal.value.__context__])))


def test_the_level_of_the_log_may_be_written_small(settings_with: Made) -> None:
    assert settings_with(LOG_LEVEL="info")["LOGGING"]["root"]["level"] == "INFO"


def test_who_has_no_home_runs_a_site(settings_with: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)  # of whom no account tells

    assert settings_with()["EMBEDDER_HUB"].name == "hub"


@pytest.mark.parametrize("held", [b"", b"not a key", b"abcd", b"\xff\xfe"])
def test_a_file_that_holds_no_key_is_named(settings_with: Made, tmp_path: Path, held: bytes) -> None:
    (tmp_path / "telltale.key").write_bytes(held)

    with pytest.raises(ValueError, match=r"telltale\.key does not hold a key of 32 bytes"):
        settings_with()


def test_a_site_whose_key_is_gone_gets_no_other(settings_with: Made, tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("18")

    with pytest.raises(ValueError, match=r"telltale\.key is gone, and the site in .* was made with it"):
        settings_with()

    assert not (tmp_path / "telltale.key").exists()


@pytest.mark.parametrize(
    ("value", "means"),
    [("1", True), ("TRUE", True), (" yes ", True), ("on", True), ("0", False), ("False", False), ("no", False)],
)
def test_yes_and_no(settings_with: Made, value: str, means: bool) -> None:
    assert settings_with(REQUIRE_MFA=value)["REQUIRE_MFA"] is means


@pytest.mark.parametrize(
    ("variables", "demo", "second_factor"),
    [
        ({}, True, False),
        ({"DEMO": "0"}, False, True),
        ({"SITE_URL": HTTPS}, False, True),
        ({"SITE_URL": HTTPS, "DEMO": "1"}, True, True),
        ({"SITE_URL": "http://10.0.0.5:8000"}, False, True),
        ({"SITE_URL": "http://127.0.0.1.evil.example"}, False, True),
        ({"SITE_URL": "http://localhost:8000"}, True, False),
        ({"SITE_URL": "http://[::1]:8000"}, True, False),
        ({"DEMO": "0", "REQUIRE_MFA": "0"}, False, False),
    ],
)
def test_the_second_factor_is_off_for_a_demo_on_loopback_alone(
    settings_with: Made, variables: dict[str, str], demo: bool, second_factor: bool
) -> None:
    made = settings_with(**variables)

    assert (made["DEMO"], made["REQUIRE_MFA"]) == (demo, second_factor)


def test_over_https_cookies_are_bound_to_the_host(settings_with: Made) -> None:
    made = settings_with(SITE_URL=HTTPS)

    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert made[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert made[f"{cookie}_COOKIE_SECURE"]
        assert made[f"{cookie}_COOKIE_HTTPONLY"]
        assert made[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    assert made["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert made["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_on_plain_loopback_cookies_have_plain_names(settings_with: Made) -> None:
    made = settings_with()

    assert made["SESSION_COOKIE_NAME"] == "session"
    assert not made["SESSION_COOKIE_SECURE"]
    assert made["SECURE_HSTS_SECONDS"] == 0
    assert made["SECURE_PROXY_SSL_HEADER"] is None  # else anybody could say that they came by https


@pytest.mark.parametrize(
    ("address", "hosts", "origin"),
    [
        (f"{HTTPS}/", ["reports.example"], HTTPS),
        ("https://Reports.Example:8443", ["reports.example"], "https://reports.example:8443"),
        ("http://127.0.0.1:8123", ["127.0.0.1", "localhost"], "http://127.0.0.1:8123"),
        ("http://[::1]:8000", ["127.0.0.1", "[::1]", "localhost"], "http://[::1]:8000"),
    ],
)
def test_only_the_site_s_own_name_is_answered(settings_with: Made, address: str, hosts: list[str], origin: str) -> None:
    made = settings_with(SITE_URL=address)

    assert sorted(set(made["ALLOWED_HOSTS"])) == hosts
    assert made["CSRF_TRUSTED_ORIGINS"] == [origin]


@pytest.mark.parametrize(
    "address", ["reports.example", "ftp://reports.example", "https://", "//reports.example", f"{HTTPS}/sub", "https://münchen.example",
     "https://our_site.example", "https://ann:word@reports.example", "https://reports.example:port", "https://[::1"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(settings_with: Made, address: str) -> None:
    with pytest.raises(ValueError, match="SITE_URL"):
        settings_with(SITE_URL=address)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        (
            "postgresql://ann:p%40ss%2F@db.example:5433/tell%20tale?sslmode=require",
            {"USER": "ann", "PASSWORD": "p@ss/", "HOST": "db.example", "PORT": "5433", "NAME": "tell tale"},
        ),
        ("postgres:///telltale?host=%2Frun%2Fpostgres", {"HOST": "/run/postgres", "NAME": "telltale", "PORT": ""}),
    ],
)
def test_a_database_of_one_s_own(settings_with: Made, url: str, known: dict[str, str]) -> None:
    database = settings_with(DATABASE_URL=url)["DATABASES"]["default"]

    assert {name: database[name] for name in known} == known
    assert ("sslmode" in database["OPTIONS"]) == ("sslmode" in url)
    assert "host" not in database["OPTIONS"]
    assert ("keepalives_idle" in database["OPTIONS"]) == database["HOST"].startswith("db.")


def test_who_asks_for_other_options_of_a_connection_has_them(settings_with: Made) -> None:
    made = settings_with(DATABASE_URL="postgresql://ann@db.example/telltale?options=&connect_timeout=9")

    options = made["DATABASES"]["default"]["OPTIONS"]
    assert (options["options"], options["connect_timeout"]) == ("", "9")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "x"])
def test_another_database_is_refused(settings_with: Made, url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL"):
        settings_with(DATABASE_URL=url)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("smtps://ann:p%40ss@mail.example", {"HOST": "mail.example", "PORT": 465, "USE_SSL": True, "USE_TLS": False}),
        ("smtp+tls://mail.example:2525", {"PORT": 2525, "USE_SSL": False, "USE_TLS": True, "HOST_USER": ""}),
        ("smtp://127.0.0.1", {"HOST": "127.0.0.1", "PORT": 25, "USE_SSL": False, "USE_TLS": False}),
        ("smtps://ann:p%40ss@mail.example", {"HOST_USER": "ann", "HOST_PASSWORD": "p@ss"}),
    ],
)
def test_a_mail_server_is_one_address(settings_with: Made, url: str, known: dict[str, Any]) -> None:
    made = settings_with(EMAIL_URL=url)

    assert made["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert {name: made[f"EMAIL_{name}"] for name in known} == known


def test_without_a_mail_server_mail_is_printed(settings_with: Made) -> None:
    assert settings_with()["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtps:mail.example"])
def test_a_mail_server_that_is_none_is_refused(settings_with: Made, url: str) -> None:
    with pytest.raises(ValueError, match="EMAIL_URL"):
        settings_with(EMAIL_URL=url)


def test_what_is_empty_counts_as_not_set(settings_with: Made) -> None:
    plain = settings_with()

    empty = settings_with(**dict.fromkeys(variables_read() - {"STATE_DIR", "DJANGO_SETTINGS_MODULE"}, ""))

    said = [name for name in plain if name.isupper() and isinstance(plain[name], str | int | dict | list | tuple)]
    assert {name: empty[name] for name in said} == {name: plain[name] for name in said}


def test_the_secrets_follow_from_one_file_that_others_cannot_read(settings_with: Made, tmp_path: Path) -> None:
    first, second = settings_with(), settings_with()
    elsewhere = settings_with(KEY_FILE=str(tmp_path / "other.key"))

    names = ("SECRET_KEY", "TOKEN_KEY", "VOICE_KEY", "TERM_KEY", "CONTACT_KEY")
    assert len({str(first[name]) for name in names}) == len(names)
    assert [first[name] for name in names] == [second[name] for name in names]
    assert not {str(first[name]) for name in names} & {str(elsewhere[name]) for name in names}
    assert (tmp_path / "telltale.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["OIDC_CLIENT_SECRET", "GITHUB_CLIENT_SECRET", "EMAIL_URL", "HUB_WEBHOOK_SECRET"])
def test_a_secret_may_stand_in_a_file(settings_with: Made, tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text("smtps://mail.example\n")

    assert settings_with(**{f"{name}_FILE": str(file)})[name] == "smtps://mail.example"


def test_a_file_of_a_secret_that_is_not_there_is_named(settings_with: Made, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"OIDC_CLIENT_SECRET_FILE names .*/nowhere, which cannot be read"):
        settings_with(OIDC_CLIENT_SECRET_FILE=str(tmp_path / "nowhere"))


def test_which_secrets_may_stand_in_a_file_is_told() -> None:
    read = set(re.findall(r'\bsecret\("([A-Z_]+)"\)', (ROOT / "config" / "settings.py").read_text()))
    told = next(part for part in PAGE.split("\n\n") if "may stand in" in part)

    assert set(re.findall(r"`([A-Z_]+)`", told)) - {"_FILE"} == read


def test_debug_is_off(settings_with: Made) -> None:
    assert settings_with()["DEBUG"] is False
    assert os.environ.get("DEBUG") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://hub.example"),
        ("OIDC_ISSUER", "hub.example"),
        ("OIDC_ISSUER", "https://hub.example/?a=b"),
        ("MAINTAINER_FILES", "http://hub.example/{org}/{name}"),
        ("MAINTAINER_FILES", "https://hub.example/{org}/telltale.txt"),
        ("MAINTAINER_FILES", "https://{org}.example/{name}"),
    ],
)
def test_a_provider_or_a_place_that_is_none_is_refused(settings_with: Made, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        settings_with(**{name: value})


def test_signing_in_by_way_of_others_is_off_until_it_has_a_client(settings_with: Made) -> None:
    def apps(**variables: str) -> list[int]:
        return [len(told["APPS"]) for told in settings_with(**variables)["SOCIALACCOUNT_PROVIDERS"].values()]

    assert apps() == [0, 0]
    assert apps(OIDC_ISSUER="https://hub.example") == [0, 0]
    assert apps(OIDC_ISSUER="https://hub.example", OIDC_CLIENT_ID="x", GITHUB_CLIENT_ID="y") == [1, 1]
