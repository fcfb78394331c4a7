"""One throw-away PostgreSQL for the whole run, and the few fixtures every story starts from."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import hypothesis
import pytest
from django.utils import translation

STACK = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Before Django loads its settings: a state folder and, unless DATABASE_URL names one, a server of our own.

    Workers of pytest-xdist inherit both by the environment; whoever leaves last stops the server. Properties are tried
    on a few dozen examples, where nothing long is left out on hundreds.
    """
    if "TELLTALE_TEST_STATE" not in os.environ:
        folder = tempfile.mkdtemp(prefix="telltale-test-")
        STACK.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["TELLTALE_TEST_STATE"] = folder
    state = Path(os.environ["TELLTALE_TEST_STATE"])
    os.environ["STATE_DIR"] = str(state)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name in ("SITE_URL", "PORT", "BROKER_URL", "DEMO", "REQUIRE_MFA", "EMBEDDER"):
        os.environ.pop(name, None)
    from django.conf import settings

    assert state.resolve() == settings.STATE_DIR  # loads them now, so that pytest-django finds them
    if not os.environ.get("DATABASE_URL"):
        from config import postgres

        STACK.enter_context(postgres.running(state, fsync=False))
    is_short = "not long" in config.option.markexpr
    hypothesis.settings.register_profile(
        "here",
        max_examples=40 if is_short else 500,
        deadline=None,  # nor is it asked whether examples come fast enough: speed is the machine's
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("here")
    settings.STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of a folder that is not there


MIGRATED = "migrated"


@pytest.fixture(scope="session")
def only_one_makes_it(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[IO[str] | None]:
    """Locked until this worker has its database; something stands in it when another has left a copy of its own.

    None without other workers, or on a server that is not ours, where the copy would stay behind.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or os.environ.get("DATABASE_URL"):
        yield None
        return
    with (Path(os.environ["STATE_DIR"]) / "migrated.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        yield lock


@pytest.fixture(scope="session")
def django_db_modify_db_settings(only_one_makes_it: IO[str] | None) -> None:
    """To migrate takes seconds, to copy what is migrated does not."""
    from django.db import connection

    if only_one_makes_it and only_one_makes_it.read():
        connection.settings_dict["TEST"]["TEMPLATE"] = MIGRATED


@pytest.fixture(scope="session")
def django_db_setup(only_one_makes_it: IO[str] | None, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from django.db import connection
    from django.test import TransactionTestCase

    if only_one_makes_it:
        if not connection.settings_dict["TEST"].get("TEMPLATE"):
            with django_db_blocker.unblock():
                leave_a_copy(connection)
            only_one_makes_it.write("migrated")
            only_one_makes_it.flush()
        fcntl.flock(only_one_makes_it, fcntl.LOCK_UN)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty())
        yield


def leave_a_copy(connection: Any) -> None:
    import psycopg

    from config import postgres

    made = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()  # nobody may be in it while it is copied
    with psycopg.connect(postgres.conninfo(Path(os.environ["STATE_DIR"]), "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{MIGRATED}" TEMPLATE "{made}"')


KEPT = {"django_content_type", "auth_permission"}  # what Django makes anew whenever it has migrated


@cache
def tables() -> tuple[list[str], set[str]]:
    """All that is emptied, and which of them have triggers of ours."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        triggered = {name for (name,) in cursor.fetchall()}
    return sorted({*connection.introspection.django_table_names(only_existing=True)} - KEPT), triggered


def empty() -> None:
    """What a test committed is taken away, and what a migration plants is there again.

    Only from tables with rows, of which there are few: to truncate all of them, as Django would, takes far longer. No
    trigger hears of it, for the ledger would forbid it; that takes the rights of an owner.
    """
    from django.apps import apps
    from django.db import connection, transaction

    names, triggered = tables()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names))
        full = [name for (name,) in cursor.fetchall()]
        heard = [name for name in full if name in triggered]
        cursor.execute("".join(f"ALTER TABLE {name} DISABLE TRIGGER USER;" for name in heard))
        cursor.execute("".join(f"DELETE FROM {name};" for name in full))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table is not altered before all that was deleted is checked
        cursor.execute("".join(f"ALTER TABLE {name} ENABLE TRIGGER USER;" for name in heard))
        import_module("reports.migrations.0006_the_desk").weigh(apps, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    STACK.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """With REQUIRE_ALL=1 nothing may be left out: what would be skipped for a missing tool has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("REQUIRE_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1, and {item.nodeid} was skipped: {report.longrepr[2]}"
    return report


QUIET: dict[str, Any] = {
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}


@pytest.fixture(autouse=True)
def quiet_house(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Static files as they lie, no e-mail leaves, and the bell rings only in tests that ask for it.

    Everybody begins in English: a request leaves its language behind in the thread.
    """
    translation.deactivate()
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    for name, value in QUIET.items():
        setattr(settings, name, value)
    hush(monkeypatch)


def hush(monkeypatch: pytest.MonkeyPatch) -> None:
    from triage.bell import bell

    monkeypatch.setattr(bell, "ring", lambda task, row_id: None)
    from reports.voices import _stored_salt

    _stored_salt.cache_clear()
    from reports.buckets import _full

    _full.clear()


ANSWERS = {
    "artifact": "acme/chat-7b",
    "version": "2026-05",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made, with a date and a judge.",
    "kind": "false_information",
    "consent": True,
}


@pytest.fixture
def answers() -> dict[str, Any]:
    """The least a report says, as the API takes it."""
    return dict(ANSWERS)


def filed(*, grouped: bool = True, channel: Any = "api", **changes: Any) -> Any:
    from reports.filing import file_report
    from reports.vocabulary import Channel
    from triage.matching import match_report

    known = {name: changes.pop(name) for name in ("actor", "network", "author", "source_type") if name in changes}
    report = file_report({**ANSWERS, **changes}, channel=Channel(channel), **known).report
    if grouped:
        match_report(report.pk)
        report.refresh_from_db()
    return report


def account(*roles: str, email: str = "", artifact_id: int | None = None) -> Any:
    from accounts.models import Grant, User

    user = User.objects.create_user(email or f"{'-'.join(roles) or 'reporter'}@example.org", "a long password")
    for role in roles:
        Grant.objects.create(user=user, role=role, artifact_id=artifact_id if role == "maintainer" else None)
    return user


def confirmed_model() -> Any:
    from django.utils import timezone

    from reports.models import Version
    from reports.naming import artifact_named

    made = artifact_named("model", "acme/chat-7b", developer="Acme")
    made.confirmed_at = timezone.now()
    made.save()
    for position, name in enumerate(("2026-05", "2026-06"), start=1):
        Version.objects.create(artifact=made, name=name, position=position)
    return made


def issue_about(about: Any, title: str = "It invents a ruling", *, status: str = "confirmed", **fields: Any) -> Any:
    from django.utils import timezone

    from reports.models import Affected, Issue

    now = timezone.now()
    serial = Issue.objects.count() + 1
    values: dict[str, Any] = {"family": about.family, "kind": "false_information", "public_title": title}
    if status in ("confirmed", "resolved"):
        values |= {"number": f"TT-2026-{serial:05}", "confirmed_at": now, "published_at": now}
    if status == "resolved":
        values |= {"resolution": "fixed", "resolved_at": now}
    if status == "dismissed":
        values |= {"dismissal": "spam", "dismissed_at": now}
    issue = Issue.objects.create(status=status, **{**values, "report_count": 1, "voice_count": 1, **fields})
    stands = {"confirmed": "affected", "resolved": "fixed"}.get(status, "under_investigation")
    ended = {"resolution": "fixed", "resolved_at": now} if status == "resolved" else {}
    Affected.objects.create(issue=issue, artifact=about, status=stands, **ended)
    return issue


@pytest.fixture
def no_limits(settings: Any) -> None:
    """Room for whatever a story files that is not about limits; one that is sets its own."""
    from django.conf import settings as known

    for name in dir(known):
        if name.startswith("LIMIT_"):
            setattr(settings, name, 1_000_000)


@pytest.fixture
def file(db: None, no_limits: None) -> Callable[..., Any]:
    """Files a report through the one door and groups it: ``file(summary="…", channel=…) -> Report``."""
    return filed


@pytest.fixture
def someone(db: None) -> Callable[..., Any]:
    """Makes an account holding the roles named: ``someone("triager") -> User``."""
    return account


@pytest.fixture
def triager(someone: Callable[..., Any]) -> Any:
    return someone("triager")


@pytest.fixture
def artifact(db: None) -> Any:
    """A confirmed model, acme/chat-7b, with two versions in order."""
    return confirmed_model()


@pytest.fixture
def make_issue(db: None, artifact: Any) -> Callable[..., Any]:
    """An issue as rows, for pages that only read: ``make_issue("Title", status="resolved", …) -> Issue``."""

    def made(title: str = "It invents a ruling", **fields: Any) -> Any:
        return issue_about(fields.pop("artifact", artifact), title, **fields)

    return made


class Ground:
    """What the fixtures of the same names make, to be made once for all tests of a module."""

    file = staticmethod(filed)
    someone = staticmethod(account)

    def __init__(self) -> None:
        self.artifact = confirmed_model()

    def make_issue(self, title: str = "It invents a ruling", **fields: Any) -> Any:
        return issue_about(fields.pop("artifact", self.artifact), title, **fields)


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """Rows that stay for all tests of a module, because they are dear to make; what each test does is taken back.

    A module that stands on it gives ``artifact``, ``triager`` and what else it makes here anew, as fixtures of each
    test, by ``deepcopy``: else one test would find in its rows what another had changed. Only for modules whose tests
    are all ``django_db`` without ``transaction``.
    """
    from django.db import transaction
    from django.test import override_settings

    with (
        django_db_blocker.unblock(),
        override_settings(**QUIET),
        pytest.MonkeyPatch.context() as monkeypatch,
        transaction.atomic(),
    ):
        translation.deactivate()
        hush(monkeypatch)
        yield Ground()
        transaction.set_rollback(True)


@pytest.fixture
def nothing_stored(db: None) -> Callable[[], Any]:
    """``with nothing_stored(): …`` fails if a row of ours was added or taken away in between, in whatever table."""
    from contextlib import contextmanager

    from django.apps import apps

    def counted() -> dict[str, int]:
        ours = [
            model
            for app in ("ledger", "accounts", "reports", "triage")
            for model in apps.get_app_config(app).get_models()
        ]
        # how often somebody asked is counted, whatever becomes of it
        ours = [model for model in ours if model.__name__ not in ("RateBucket", "DailySalt")]
        return {model.__name__: model._default_manager.count() for model in ours}

    @contextmanager
    def watched() -> Iterator[None]:
        before = counted()
        yield
        assert counted() == before

    return watched
