"""Who gets in where: one table over every address, every role and every scope. An address without a row fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.actors import actor_for
from accounts.models import Role, SignIn
from accounts.policy import ANONYMOUS, EVERYBODY, OPEN_TO_ANY_TOKEN, RULES, SCOPES, Act, Actor, allows, spokesperson
from accounts.tokens import make_token
from tests.guarded import guarded, kept_by_nobody
from tests.seen import too_much

pytestmark = pytest.mark.django_db

ROLES = ["anonymous", "reporter", *Role.values]
ALL = frozenset(ROLES)
SIGNED_IN = ALL - {"anonymous"}
DESK = frozenset({"triager", "moderator"})
BULK = frozenset({"researcher", "triager", "maintainer", "moderator"})
MODERATORS = frozenset({"moderator"})
ADMINS = frozenset({"admin"})
RESEARCHERS = frozenset({"researcher"})
VOUCHING = DESK | ADMINS
MAINTAINERS = frozenset({"maintainer"})
NOBODY: frozenset[str] = frozenset()
ROLES_DOCUMENT = Path(__file__).parent.parent / "docs" / "roles.md"
TRIED = {"version": "2026-06", "tries": "3", "failures": "1"}

# Whose pages are their own, and why they have no rows here.
APART = {
    "account_": "allauth's: each asks for its own session, and shows only one's own account",
    "mfa_": "allauth's: one's own second factor, behind a sign-in",
    "openid_connect_": "a provider's: not there until the operator has set it up, see tests/accounts/test_social.py",
    "github_": "likewise",
    "socialaccount_": "allauth's: one's own accounts elsewhere",
    "social/": "allauth's: older addresses, which lead there",
    "admin:": "the admin asks HouseAdmin.has_permission for each of its pages, see test_the_admin_is_for_admins",
}


@dataclass(frozen=True)
class Row:
    """``gets_in``: the roles that are answered; the others are sent to sign in, or refused, or find nothing there."""

    name: str
    gets_in: frozenset[str]
    method: str = "get"
    args: tuple[str, ...] = ()
    posted: dict[str, str] = field(default_factory=dict)
    hidden: bool = False  # 404 to the others: they are not told that it is there
    by_role: bool = False  # by API: the scope is not enough, see BY_ROLE
    is_own: bool = False  # who may ask finds nothing all the same: it is another's
    asks: str = ""  # what becomes of who is not signed in, where it is not what becomes of others

    @property
    def label(self) -> str:
        return f"{self.method} {self.name} {' '.join(self.args)}"


PAGES = [
    Row("home", ALL),
    Row("report", ALL),
    Row("report", ALL, "post", posted={"gate": "no", "step": "save"}),
    Row("report_check", ALL),
    Row("report_check", ALL, "post", posted={"step": "send"}),
    Row("report_draft", NOBODY, "post", asks="refused"),  # before the safety gate is answered with no
    Row("report_draft", ALL, "post", posted={"gate": "no"}),
    Row("report_discard", ALL, "post"),
    Row("report_known", ALL, "post"),
    Row("report_artifacts", ALL),
    Row("report_versions", ALL),
    Row("receipt", ALL, args=("{reference}",)),
    Row("receipt", ALL, "post", args=("{reference}",), posted={"code": "{code}"}),
    Row("receipt", NOBODY, "post", args=("{reference}",), posted={"code": "wrong"}),
    Row("receipt_proof", NOBODY, args=("{reference}",), hidden=True),  # until opened here, and signed
    Row("receipt_close", NOBODY, "post", args=("{reference}",), hidden=True),  # until it was opened here
    Row("receipt_answer", NOBODY, "post", args=("{reference}",), hidden=True),  # likewise
    Row("receipt_dispute", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_write", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_add", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_withdraw", NOBODY, args=("{reference}",), hidden=True),
    Row("receipt_withdraw", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_reinstate", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_keep", NOBODY, "post", args=("{reference}",), hidden=True, asks="sign in"),
    Row("receipt_erase", NOBODY, args=("{reference}",), hidden=True),
    Row("receipt_erase", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_keep_words", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("receipt_erasure_proof", NOBODY, args=("{reference}",), hidden=True),
    Row("receipt_object_to_lending", NOBODY, "post", args=("{reference}", "1"), hidden=True),
    Row("evidence_requests", RESEARCHERS),
    Row("evidence_request", RESEARCHERS, args=("1",), is_own=True),  # what was lent: tests/reports/test_lending.py
    Row("evidence_request", RESEARCHERS, "post", args=("1",), is_own=True),
    Row("evidence_request_end", RESEARCHERS, "post", args=("1",), is_own=True),
    Row("erasure", ALL),
    Row("erasure", ALL, "post", posted={"words": "My name stands in an issue there."}),
    Row("receipt_open", ALL),
    Row("receipt_open", ALL, "post", posted={"reference": "{reference}", "code": "{code}"}),
    Row("receipt_open", NOBODY, "post", posted={"reference": "{reference}", "code": "wrong"}, asks="refused"),
    Row("mine", SIGNED_IN),
    Row("imports", SIGNED_IN),
    Row("import_new", BULK),
    Row("import_progress", NOBODY, args=("{import}",), hidden=True, asks="sign in"),  # its sender's alone
    Row("import_cancel", NOBODY, "post", args=("{import}",), hidden=True, asks="sign in"),
    Row("import_file", NOBODY, "post", args=("{import}",), hidden=True, asks="sign in"),
    Row("import_rejects", NOBODY, args=("{import}",), hidden=True, asks="sign in"),
    Row("own_account", SIGNED_IN),
    Row("export_account", SIGNED_IN),
    Row("delete_account", SIGNED_IN),
    Row("maintaining", SIGNED_IN),
    Row("maintaining", SIGNED_IN, "post", posted={"artifact": "{other}"}),
    Row("maintaining_withdraw", NOBODY, "post", args=("{asked}",), hidden=True, asks="sign in"),  # one's own alone
    Row("maintainer_requests", VOUCHING),
    Row("maintainer_request", VOUCHING, args=("{asked}",)),
    Row("maintainer_look", VOUCHING, "post", args=("{asked}",)),
    Row("maintainer_decide", ADMINS, "post", args=("{asked}",), posted={"verdict": "approve"}),
    Row("people", ADMINS),
    Row("person", ADMINS, args=("{person}",)),
    Row("person", ADMINS, "post", args=("{person}",), posted={"role": "auditor"}),
    Row("person_end_grant", ADMINS, "post", args=("{person}", "{grant}")),
    Row("person_shut", ADMINS, "post", args=("{person}",)),
    Row("person_open", ADMINS, "post", args=("{person}",)),
    Row("person_sign_out", ADMINS, "post", args=("{person}",)),
    Row("own_sessions", SIGNED_IN),
    Row("end_other_sessions", SIGNED_IN, "post"),
    Row("end_session", NOBODY, "post", args=("{sign_in}",), hidden=True, asks="sign in"),  # one's own alone
    Row("tokens", SIGNED_IN),
    Row("tokens", SIGNED_IN, "post", posted={"name": "laptop", "scopes": "report:write", "days": "30"}),
    Row("rotate_token", NOBODY, args=("{token}",), hidden=True, asks="sign in"),  # its owner's alone
    Row("rotate_token", NOBODY, "post", args=("{token}",), posted={"hours": "0"}, hidden=True, asks="sign in"),
    Row("revoke_token", NOBODY, args=("{token}",), hidden=True, asks="sign in"),
    Row("revoke_token", NOBODY, "post", args=("{token}",), hidden=True, asks="sign in"),
    Row("attachment", NOBODY, args=("x" * 32,), hidden=True),  # signed ones: tests/reports/test_attachments.py
    Row("artifacts", ALL, args=("models",)),
    Row("artifact_feed", ALL, args=("models", "acme", "chat-7b")),
    Row("badge", ALL, args=("models", "acme", "chat-7b", "svg")),
    Row("issues_feed", ALL),
    Row("issues_export", ALL, args=("csv",)),
    Row("dumps", ALL),
    Row("dump", NOBODY, args=("issues.csv",), hidden=True),  # until one is written: tests/reports/test_dump.py
    Row("schema", ALL, args=("issue",)),
    Row("artifact_card", ALL, args=("models", "acme", "chat-7b")),
    Row("artifact_card", NOBODY, args=("models", "acme", "waiting"), hidden=True),
    Row("card_block", ALL, args=("models", "acme", "chat-7b")),
    Row("known_limitations", ALL, args=("models", "acme", "chat-7b")),
    Row("issue_export", ALL, args=("{public}", "json")),
    Row("issue_export", NOBODY, args=("{dismissed}", "json"), hidden=True),
    Row("issue_cases", NOBODY, args=("{public}", "inspect"), hidden=True),  # nothing is published to run again
    Row("issue_cases", NOBODY, args=("{dismissed}", "promptfoo"), hidden=True),
    Row("artifact_export", ALL, args=("models", "acme", "chat-7b", "osv")),
    Row("artifact_export", NOBODY, args=("models", "acme", "waiting", "csv"), hidden=True),
    Row("artifact", ALL, args=("models", "acme", "chat-7b")),
    Row("artifact", DESK, args=("models", "acme", "waiting"), hidden=True),
    Row("issues", ALL),
    Row("issue", ALL, args=("{public}",)),
    Row("issue", NOBODY, args=("{dismissed}",), hidden=True),  # even for the desk: it reads the record as all do
    Row("issue_twin", ALL, args=("{public}",)),
    Row("issue_twin", NOBODY, args=("{dismissed}",), hidden=True),
    Row("issue_twin_beside", ALL, args=("{public}",)),
    Row("issue_audit", ALL, args=("{public}",)),
    Row("issue_audit", NOBODY, args=("{dismissed}",), hidden=True),
    Row(
        "issue_bundle", NOBODY, args=("{public}",), hidden=True
    ),  # until it is signed: tests/reports/test_issue_audit.py
    Row("artifact_audit", ALL, args=("models", "acme", "chat-7b")),
    Row("artifact_audit", NOBODY, args=("models", "acme", "waiting"), hidden=True),
    # until anything is signed, these two: tests/reports/test_decided.py
    Row("artifact_bundle", NOBODY, args=("models", "acme", "chat-7b"), hidden=True),
    Row("decisions_bundle", NOBODY, hidden=True),
    Row("decisions", ALL),
    Row("issue_too", ALL, args=("{public}",)),
    Row("issue_too", NOBODY, args=("{dismissed}",), hidden=True),
    Row("issue_too", ALL, "post", args=("{public}",), posted={"gate": "no"}),
    Row("signals", ALL),
    Row("signals_feed", ALL),
    Row("signal", ALL, args=("{told_signal}",)),
    Row("signal", NOBODY, args=("{signal}",), hidden=True),  # even for the desk: it reads the record as all do
    Row("notices", SIGNED_IN),
    Row("notice", SIGNED_IN, args=("1",)),  # somebody else's leads to one's own list
    Row("notices_read", SIGNED_IN, "post"),
    Row("notices_pace", SIGNED_IN, "post", posted={"pace": "daily"}),
    Row("follow", SIGNED_IN, "post", posted={"subject": "artifact:{artifact}"}),
    Row("unsubscribe", NOBODY, args=("not-signed-here",), hidden=True),  # signed ones: tests/reports/test_posting.py
    Row("unsubscribe", NOBODY, "post", args=("not-signed-here",), hidden=True),
    Row("robots", ALL),
    Row("favicon", ALL),
    Row("sitemap", ALL),
    Row("sitemap_part", ALL, args=("pages", "1")),
    Row("sitemap_part", NOBODY, args=("pages", "2"), hidden=True),
    Row("about", ALL),
    Row("governance", ALL, args=("handling",)),
    Row("security_txt", NOBODY, hidden=True),  # until somebody is named: tests/reports/test_governance.py
    Row("ledger", ALL),
    Row("ledger_key", ALL),
    Row("ledger_program", ALL),
    Row("ledger_checkpoint", NOBODY, hidden=True),  # until there is one: tests/reports/test_ledger_pages.py
    Row("ledger_checkpoint_of", NOBODY, args=("1",), hidden=True),
    Row("ledger_tile", NOBODY, args=("0/000",), hidden=True),
    Row("ledger_inclusion", NOBODY, args=("0",), hidden=True),
    Row("ledger_consistency", NOBODY, args=("0", "1"), hidden=True),
    Row("transparency", ALL),
    Row("transparency_twin", ALL),
    Row("quality", ALL),
    Row("queue", DESK),
    Row("triage_issue", DESK, args=("{new}",)),
    Row("history", DESK, args=("{new}",)),
    Row("triage_decide", DESK, "post", args=("{new}",), posted={"verb": "confirm"}),
    Row("claim", DESK, "post", args=("{new}",)),
    Row("release", DESK, "post", args=("{new}",)),
    Row("give_ten", DESK, "post"),
    Row("release_all", DESK, "post"),
    Row("own_desk", DESK),
    Row("own_desk", DESK, "post"),
    Row("undo_last", DESK, "post"),
    Row("bulk", DESK),
    Row("bulk", DESK, "post", posted={"issue": "{new}", "verb": "dismiss"}),
    Row("bulk_start", DESK, "post", posted={"issue": "{new}", "verb": "dismiss", "reason": "spam"}),
    Row("bulk_progress", DESK, args=("{bulk}",)),
    Row("bulk_cancel", MODERATORS, "post", args=("{bulk}",)),  # and whoever started it
    Row("bulk_resume", MODERATORS, "post", args=("{bulk}",)),
    Row("bulk_undo", MODERATORS, "post", args=("{bulk}",)),
    Row("disclosure", DESK, args=("{new}",)),
    Row("disclosure", DESK, "post", args=("{new}",), posted={"verb": "share", "stands": "yes"}),
    Row("publication", DESK, args=("{new}",)),
    Row("publication", DESK, "post", args=("{new}",), posted={"verb": "write", "public_title": "Invents rulings"}),
    Row("publication_preview", DESK, args=("{new}",)),
    Row("reveal", DESK, "post", args=("{reference}",), posted={"issue": "{new}"}),
    Row("reveal_files", DESK, "post", args=("{reference}",), posted={"issue": "{new}"}),
    Row("webhooks", SIGNED_IN),
    Row("webhooks", SIGNED_IN, "post", posted={"url": "https://hooks.example/", "hears": "all"}),
    Row("webhook", NOBODY, args=("{webhook}",), hidden=True, asks="sign in"),  # its owner's alone, as what follows
    Row("webhook_choose", NOBODY, "post", args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_rotate", NOBODY, "post", args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_test", NOBODY, "post", args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_switch", NOBODY, "post", args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_delete", NOBODY, args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_delete", NOBODY, "post", args=("{webhook}",), hidden=True, asks="sign in"),
    Row("webhook_replay", NOBODY, "post", args=("{webhook}", "1"), hidden=True, asks="sign in"),
    Row("hub", NOBODY, "post", hidden=True),  # the secret decides, see tests/triage/test_hub.py
    Row("views", DESK),
    Row("queue_view_new", DESK),
    Row("queue_view_new", DESK, "post", posted={"name": "Odd ones", "query": "is:new"}),
    Row("queue_view", NOBODY, args=("{view}",)),  # its owner's alone
    Row("queue_view_copy", DESK, "post", args=("{view}",)),
    Row("queue_view_delete", NOBODY, "post", args=("{view}",)),
    Row("workbench_merge", DESK, args=("{new}",)),
    Row("workbench_merge", DESK, "post", args=("{new}",), posted={"other": "{public}", "target": "{public}"}),
    Row("workbench_split", DESK, args=("{new}",)),
    Row("queue_health", DESK),
    Row("themes", DESK),
    Row("theme", DESK, args=("{theme}",)),
    Row("erasures", DESK),
    Row("erasure_propose", DESK, "post", posted={"reference": "{reference}", "basis": "consent"}),
    Row("erasure_decide", DESK, "post", args=("{erasure}",), posted={"verb": "refuse", "reason": "needed"}),
    Row("erasure_decide", MODERATORS, "post", args=("{erasure}",), posted={"verb": "execute", "sure": "yes"}),
    Row("lendings", MODERATORS),
    Row("lending_decide", MODERATORS, "post", args=("1",), is_own=True),  # there is none
    Row("lending_end", MODERATORS, "post", args=("1",), is_own=True),
    Row("triage_signals", DESK),
    Row("triage_signal", DESK, args=("{signal}",)),
    Row("signal_judge", DESK, "post", args=("{signal}",), posted={"verb": "refute_signal", "reason": "chance"}),
    Row("signal_undo", DESK, "post", args=("{signal}", "{judged}")),
    Row("triage_undo", DESK, "post", args=("{decision}",)),
    Row("artifact_desks", DESK),
    Row("artifact_desk", DESK, args=("{waiting}",)),
    Row("artifact_decide", DESK, "post", args=("{waiting}",), posted={"verb": "confirm_artifact"}),
    Row("artifact_merge", DESK, args=("{waiting}",)),
    Row("artifact_lineage", DESK, args=("{waiting}",)),
    Row("artifact_undo", DESK, "post", args=("{confirmed}", "{decision}")),
    Row("confirm_artifact", DESK, "post", args=("{waiting}",)),
    Row("reproductions", DESK, args=("{new}",)),
    Row("reproductions", DESK, "post", args=("{told}",), posted={"artifact": "{artifact}", **TRIED}),
    Row("audit", DESK | {"auditor"}),
    Row("audit_issue", DESK | {"auditor"}, args=("{new}",)),
    Row("audit_person", DESK | {"auditor"}, args=("p-nobody",), is_own=True),  # there is none
    Row("audit_export", DESK | {"auditor"}, args=("csv",)),
    Row("audit_bundle", DESK | {"auditor"}, is_own=True),  # until anything is signed: tests/triage/test_audit.py
    Row("maintain", MAINTAINERS),
    Row("maintain_issue", MAINTAINERS, args=("{told}",)),
    Row("maintain_acknowledge", MAINTAINERS, "post", args=("{told}",), posted={"artifact": "{artifact}"}),
    Row("maintain_answer", MAINTAINERS, "post", args=("{told}",), posted={"artifact": "{artifact}", "text": "Yes."}),
    Row("maintain_reproduce", MAINTAINERS, "post", args=("{told}",), posted={"artifact": "{artifact}", **TRIED}),
    Row("maintain_take_back", MAINTAINERS, "post", args=("{told}",), posted={"reproduction": "1"}),
    Row("maintain_reveal", MAINTAINERS, "post", args=("{told}",), posted={"report": "{reference}"}),
    Row("sign_in", ALL, args=("no-code",)),  # the code decides, see tests/accounts/test_tokens.py
    Row("set_language", ALL, "post", posted={"language": "ar"}),
    Row("api_docs", ALL),
    Row("api_operation", ALL, args=("issues",)),
    Row("ready", ALL),
    Row("metrics", ALL),  # whom the machine or a token lets in: tests/config/test_health.py
]

FILERS = frozenset({"none", "report:write", "report:bulk"})
ANY_TOKEN = frozenset({"none", *SCOPES})
# The API: who gets in by scope ("none" is no token), and for whom it also depends on the account's role.
API = [
    Row("api_file_report", FILERS, "post"),
    Row("api_bulk", frozenset({"report:bulk"}), "post", by_role=True),
    Row("api_receipt", NOBODY, args=("{reference}",), hidden=True),  # a receipt code opens it, no token does
    Row("api_receipt_answer", NOBODY, "post", args=("{reference}",), hidden=True),  # likewise
    Row("api_receipt_write", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("api_receipt_add", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("api_receipt_dispute", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("api_receipt_withdraw", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("api_receipt_reinstate", NOBODY, "post", args=("{reference}",), hidden=True),
    Row("api_subscriptions", frozenset({"account:write"}), by_role=True),
    Row("api_subscriptions", frozenset({"account:write"}), "post", by_role=True),
    Row("api_subscription", frozenset({"account:write"}), "delete", args=("1",), by_role=True, is_own=True),
    Row("api_decisions", frozenset({"decisions:read"}), by_role=True),
    Row("api_issue_decisions", frozenset({"decisions:read"}), args=("{new}",), by_role=True),
    Row("api_issue_decisions", NOBODY, "post", args=("{new}",)),  # two scopes: test_deciding_takes_two_scopes
    Row("api_undo", NOBODY, "post", args=("{decision}",)),
    Row("api_reproductions", NOBODY, "post", args=("{public}",)),
    Row("api_imports", frozenset({"report:bulk"}), by_role=True),
    Row("api_import", frozenset({"report:bulk"}), args=("{import}",), by_role=True, is_own=True),
    Row(
        "api_import_cancel",
        frozenset({"report:bulk"}),
        args=("{import}",),
        method="post",
        by_role=True,
        is_own=True,
    ),
    Row("api_import_rejects", frozenset({"report:bulk"}), args=("{import}",), by_role=True, is_own=True),
    Row("api_start", ANY_TOKEN),
    Row("api_schema", ANY_TOKEN),
    Row("api_exports", ANY_TOKEN),
    Row("api_signals", ANY_TOKEN),
    Row("api_issues", ANY_TOKEN),
    Row("api_issue", ANY_TOKEN, args=("{public}",)),
    Row("api_issue", frozenset({"queue:read"}), args=("{dismissed}",), hidden=True),
    Row("api_waiting_issue", frozenset({"queue:read"}), args=("{new}",), hidden=True),
    Row("api_affected", ANY_TOKEN, args=("{public}",)),
    Row("api_affected", frozenset({"queue:read"}), args=("{dismissed}",), hidden=True),
    Row("api_reproductions", ANY_TOKEN, args=("{public}",)),
    Row("api_reproductions", frozenset({"queue:read"}), args=("{dismissed}",), hidden=True),
    Row("api_export", ANY_TOKEN, args=("{public}", "json")),
    Row("api_export", NOBODY, args=("{dismissed}", "json"), hidden=True),  # taken away is what everybody may have
    Row("api_artifacts", ANY_TOKEN, args=("models",)),
    Row("api_versions", ANY_TOKEN, args=("models", "acme", "chat-7b")),
    Row("api_versions", frozenset({"queue:read"}), args=("models", "acme", "waiting"), hidden=True),
    Row("api_lineage", ANY_TOKEN, args=("models", "acme", "chat-7b")),
    Row("api_lineage", frozenset({"queue:read"}), args=("models", "acme", "waiting"), hidden=True),
    Row("api_artifact", ANY_TOKEN, args=("models", "acme", "chat-7b")),
    Row("api_artifact", frozenset({"queue:read"}), args=("models", "acme", "waiting"), hidden=True),
]
BY_ROLE = {  # a scope lends nothing that the account may not do itself
    "queue:read": DESK,
    "report:bulk": BULK,
    "decisions:read": DESK | {"auditor"},
    "account:write": SIGNED_IN,
}


def addresses(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, Any]]:
    """Every address of the site by name, with its view."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, space + (f"{pattern.namespace}:" if pattern.namespace else ""))
        else:
            yield space + (pattern.name or str(pattern.pattern)), pattern.callback


ADDRESSES = dict(addresses(get_resolver().url_patterns))


def test_every_address_has_a_row() -> None:
    known = {row.name for row in [*PAGES, *API]}
    ours = {name for name in ADDRESSES if not name.startswith(tuple(APART))}

    assert ours == known


def test_every_page_of_ours_names_its_act() -> None:
    elsewhere = {"set_language"}  # Django's own
    for row in [*PAGES, *API]:
        view = ADDRESSES[row.name]
        act = getattr(view, "act", getattr(getattr(view, "cls", None), "act", None))
        assert isinstance(act, Act) or row.name in elsewhere, row.name


# The rules


def test_rules_cover_every_act_and_name_every_role() -> None:
    assert set(RULES) == set(Act)
    assert frozenset().union(*RULES.values()) == ALL == EVERYBODY
    never_by_token = {Act.OWN_ACCOUNT, Act.SEE_OWN_ARTIFACTS, Act.ANSWER_FOR_ARTIFACT, Act.MANAGE_USERS, Act.VOUCH}
    never_by_token |= {Act.ERASE, Act.ASK_FOR_EVIDENCE, Act.LEND_EVIDENCE}
    assert frozenset().union(*SCOPES.values()) | OPEN_TO_ANY_TOKEN == set(Act) - never_by_token


def actor(role: str, **changes: Any) -> Actor:
    if role == "anonymous":
        return ANONYMOUS
    return Actor(user_id=1, roles=frozenset() if role == "reporter" else frozenset({role}), **changes)


def documented() -> dict[str, set[str]]:
    """What docs/roles.md says of each role: the acts that have a mark in its column."""
    rows = [line.strip("| \n").split("|") for line in ROLES_DOCUMENT.read_text().splitlines() if line.startswith("|")]
    heads, *told = [[cell.strip() for cell in row] for row in rows if not row[0].startswith("-")]
    return {
        role: {row[0].split("`")[1] for row in told if len(row) > at and row[at]} for at, role in enumerate(heads) if at
    }


def test_the_documented_table_is_the_one_that_holds() -> None:
    assert documented() == {role: {act.value for act in Act if role in RULES[act]} for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_column_says_and_no_more(role: str) -> None:
    needs_an_artifact = {Act.ANSWER_FOR_ARTIFACT.value}  # see below
    told = documented()
    of_all = told["anonymous"] | (told["reporter"] if role != "anonymous" else set())

    assert {act.value for act in Act if allows(actor(role), act)} == (of_all | told[role]) - needs_an_artifact


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", [*ROLES[1:]])
def test_a_token_may_no_more_than_its_scope_and_its_account(role: str, scope: str) -> None:
    by_token = {act for act in Act if allows(actor(role, scopes=frozenset({scope})), act)}
    by_account = {act for act in Act if allows(actor(role), act)}

    assert by_token == by_account & (SCOPES[scope] | OPEN_TO_ANY_TOKEN)


def test_a_token_without_scopes_only_reads_what_is_public() -> None:
    bare = actor("moderator", scopes=frozenset())

    assert {act for act in Act if allows(bare, act)} == OPEN_TO_ANY_TOKEN


def test_a_maintainer_answers_for_their_own_artifact_alone() -> None:
    maintainer = actor("maintainer", artifact_ids=frozenset({7}))

    assert allows(maintainer, Act.ANSWER_FOR_ARTIFACT, artifact_id=7)
    assert not allows(maintainer, Act.ANSWER_FOR_ARTIFACT, artifact_id=8)
    assert not allows(maintainer, Act.ANSWER_FOR_ARTIFACT)
    assert not allows(actor("moderator", artifact_ids=frozenset({7})), Act.ANSWER_FOR_ARTIFACT, artifact_id=7)


def test_a_maintainer_speaks_for_their_artifacts_at_their_desk_alone() -> None:
    maintainer = actor("maintainer", artifact_ids=frozenset({7}))
    both = Actor(user_id=1, roles=frozenset({"maintainer", "moderator"}), artifact_ids=frozenset({7}))

    assert maintainer.speaks_for == frozenset()
    assert spokesperson(maintainer).speaks_for == frozenset({7})
    assert not allows(spokesperson(both), Act.SEE_UNPUBLISHED)
    assert spokesperson(actor("maintainer", artifact_ids=frozenset({7}), scopes=frozenset())).speaks_for == frozenset()
    assert spokesperson(actor("moderator", artifact_ids=frozenset({7}))).speaks_for == frozenset()


def test_an_unknown_act_or_role_is_nobody_s() -> None:
    assert not allows(actor("king"), Act.DECIDE)
    assert not allows(actor("moderator"), "reign")  # type: ignore[arg-type] # that is what is tried


# The table


@pytest.fixture(scope="module")
def house(ground: Any) -> dict[str, str]:
    """One of everything that the rows name."""
    from reports.erasing import ask as ask_erasure
    from reports.maintaining import ask
    from reports.models import Endpoint, Issue
    from reports.naming import artifact_named
    from reports.receipts import code_digest, new_code
    from triage.bulk import start
    from triage.catalogue import confirm_artifact
    from triage.judging import judge
    from triage.models import ThemeIssue, View
    from triage.selection import Selection
    from triage.themes import place_waiting

    report = ground.file()
    place_waiting(most=1)
    code = new_code()
    report.receipt_digest = code_digest(code)
    report.save()
    decider = ground.someone("triager", email="decider@example.org")
    new = Issue.objects.get()
    plant(ground, decider)
    return {
        "reference": report.reference,
        "code": code,
        "artifact": str(ground.artifact.pk),
        "new": str(new.pk),
        "bulk": str(
            start("dismiss", {}, selection=Selection(ticked={report.placements.get().issue_id: None}), by=decider).pk
        ),
        "import": str(handed_in(decider).pk),
        "erasure": str(ask_erasure(ground.file(grouped=False), actor=ANONYMOUS).pk),
        "theme": str(ThemeIssue.objects.get(issue=new).theme_id),
        "view": str(View.objects.create(owner=decider, name="Theirs", query="", is_shared=True).pk),
        "public": ground.make_issue().number,
        "token": token_of(decider),
        "person": str(decider.pk),
        "grant": str(decider.grants.get().pk),
        "other": str(confirmed_already("acme/other").pk),
        "asked": str(ask(decider, confirmed_already("acme/asked")).pk),
        "sign_in": str(SignIn.objects.create(user=decider, session_key="theirs").pk),
        "webhook": str(Endpoint.objects.create(user=decider, url="https://hooks.example/", sealed_secret=b"").pk),
        "dismissed": ground.make_issue(status="dismissed", number="TT-2026-00077").number,
        "waiting": str(artifact_named("model", "acme/waiting").pk),
        "confirmed": str(artifact_named("model", "acme/confirmed").pk),
        "decision": str(confirm_artifact(artifact_named("model", "acme/confirmed"), by=decider).pk),
        "told": str(told_of(ground.make_issue(), report).pk),
        "signal": str((watched := signal_about(ground.make_issue())).pk),
        "judged": str(judge(watched, "review_signal", by=decider).pk),
        "told_signal": str(signal_about(ground.make_issue(), state="confirmed").pk),
    }


def plant(ground: Any, by: Any) -> None:
    """What ``tests.seen.WORDS`` names, where it would be found if anything told it."""
    from reports.maintaining import ask
    from reports.models import Report

    said = {"kind": "toxic_or_hateful", "context_of_use": "work"}
    ground.file(
        summary="It repeats xqprivate things",
        what_happened="I asked about xqprivate things, and it repeated all of them to a colleague.",
        visibility="private",
        contact_email="xqcontact@example.org",
        **said,
    )
    account = ground.someone(email="xqaccount@example.org")
    told = {"actor": actor_for(account), "summary": "It loses xqwaiting pages", "kind": "refuses_harmless"}
    ground.file(what_happened="I gave it forty pages, and of the xqwaiting ones it knew nothing at all.", **told)
    grave = ground.file(
        summary="It explains xqgrave steps",
        what_happened="It explained every one of the xqgrave steps, with amounts and temperatures for each.",
        kind="dangerous_instructions",
    )
    Report.objects.filter(pk=grave.pk).update(hazard_level=3)
    grave.placements.get().issue.__class__.objects.filter(placements__report=grave).update(hazard_level=3)
    Client().post(reverse("report_draft"), {"gate": "no", "summary": "Something about xqdraft"})
    ask(by, confirmed_already("acme/noted"), note="I am xqnote, and train it.")


def confirmed_already(name: str) -> Any:
    from django.utils import timezone

    from reports.naming import artifact_named

    artifact = artifact_named("model", name)
    artifact.confirmed_at = timezone.now()
    artifact.save()
    return artifact


def token_of(user: Any) -> str:
    make_token(user, scopes=["queue:read"], name="theirs")
    return str(user.tokens.get().pk)


def handed_in(by: Any) -> Any:
    from reports.models import Import

    return Import.objects.create(account=by, format="avid", name="theirs", size=9, sha256="0" * 64)


def signal_about(issue: Any, state: str = "new") -> Any:
    from reports.models import Signal

    numbers = {"observed": 7, "expected": 1.2, "since": issue.opened_at.date()}
    return Signal.objects.create(issue=issue, detector="burst", method="burst-1", tier="alarm", state=state, **numbers)


def told_of(issue: Any, report: Any) -> Any:
    """The issue, with the report in it, and its maintainers told."""
    from reports.models import Placement

    issue.affected.update(notified_at=issue.confirmed_at)
    Placement.objects.create(report=report, issue=issue, by="person")
    return issue


def ask(client: Client, row: Row, house: dict[str, str], **extra: Any) -> Any:
    address = reverse(row.name, args=[arg.format(**house) for arg in row.args])
    posted = {name: value.format(**house) for name, value in row.posted.items()}
    return getattr(client, row.method)(address, posted or None, **extra)


def outcome(response: Any) -> str:
    if response.status_code in (301, 302) and response["Location"].startswith("/accounts/login/?next="):
        return "sign in"
    return {401: "refused", 403: "refused", 404: "hidden"}.get(response.status_code, "in")


@pytest.fixture(scope="module")
def everybody(ground: Any) -> dict[str, Any]:
    roles = {"reporter": [], **{role: [role] for role in Role.values}}
    return {
        role: ground.someone(*held, email=f"{role}@people.example.org", artifact_id=ground.artifact.pk)
        for role, held in roles.items()
    }


@pytest.fixture
def people(db: None, everybody: dict[str, Any]) -> dict[str, Any]:
    """An account for each role but the anonymous one."""
    return deepcopy(everybody)


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens within leaves no trace, so that the next role finds the house as the last one did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def is_of_one(response: Any, role: str) -> bool:
    """Whether the answer may say something to somebody signed in that it says to nobody else."""
    return bool(response.cookies) or (role != "anonymous" and "Cookie" in response.get("Vary", ""))


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.label)
def test_a_page_answers_whom_its_row_names(house: dict[str, str], people: dict[str, Any], row: Row) -> None:
    told = {}
    for role in ROLES:
        with taken_back():
            client = Client()
            if role in people:
                client.force_login(people[role])
            response = ask(client, row, house)
            told[role] = outcome(response)
            assert response.status_code < 400 or told[role] != "in"
            assert too_much(row.name, role, response) == [], role
            guarded(response)
            assert kept_by_nobody(response) or not is_of_one(response, role), role

    others = "hidden" if row.hidden else "refused"
    away = {"anonymous": "refused" if row.name == "receipt" else "sign in"} if not row.hidden else {}
    away |= {"anonymous": row.asks} if row.asks else {}
    found = "hidden" if row.is_own else "in"
    assert told == {role: found if role in row.gets_in else away.get(role, others) for role in ROLES}


@pytest.mark.parametrize("row", API, ids=lambda row: row.label)
def test_the_api_answers_whom_its_row_names(
    client: Client, answers: dict[str, Any], house: dict[str, str], people: dict[str, Any], row: Row
) -> None:
    body = {"data": answers, "content_type": "application/json"} if row.method == "post" else {}
    address = reverse(row.name, args=[arg.format(**house) for arg in row.args])
    told, expected = {}, {}
    for scope in ["none", *SCOPES]:
        for role in [*people] if scope != "none" else ["anonymous"]:
            with taken_back():
                token = make_token(people[role], scopes=[scope]) if scope != "none" else ""
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                response = getattr(client, row.method)(address, **body, headers=headers)
                told[scope, role] = outcome(response)
                assert too_much(row.name, role, response) == [], (scope, role)
                guarded(response)
                assert not token or "private" in response["Cache-Control"]
            is_by_role = row.hidden or row.by_role
            gets_in = scope in row.gets_in and (not is_by_role or role in BY_ROLE.get(scope, NOBODY))
            found = "hidden" if row.is_own else "in"
            expected[scope, role] = found if gets_in else "hidden" if row.hidden else "refused"

    assert told == expected


def test_unpublished_issues_are_for_the_desk_with_queue_read(
    client: Client, house: dict[str, str], people: dict[str, Any]
) -> None:
    sees = set()
    for scope in SCOPES:
        for role, user in people.items():
            headers = {"Authorization": f"Bearer {make_token(user, scopes=[scope])}"}
            told = client.get("/api/v1/issues/?state=new", headers=headers).json()["results"]
            if told:
                assert int(house["new"]) in {issue["id"] for issue in told}
                sees.add((role, scope))

    assert sees == {(role, "queue:read") for role in DESK}


def test_deciding_takes_two_scopes_and_a_role(client: Client, house: dict[str, str], people: dict[str, Any]) -> None:
    decides = set()
    for role, user in people.items():
        headers = {"Authorization": f"Bearer {make_token(user, scopes=['queue:read', 'queue:write'])}", "If-Match": "*"}
        address = f"/api/v1/issues/{house['new']}/decisions/"
        with taken_back():
            answer = client.post(address, {"move": "confirm"}, content_type="application/json", headers=headers)
        assert answer.status_code in (201, 403)
        if answer.status_code == 201:
            decides.add(role)

    assert decides == DESK


def test_a_session_means_nothing_to_the_api(client: Client, house: dict[str, str], triager: Any) -> None:
    client.force_login(triager)

    assert client.get("/api/v1/issues/?state=new").json()["results"] == []
    assert client.get("/api/v1/subscriptions/").status_code == 401
    decided = client.post(f"/api/v1/issues/{house['new']}/decisions/", {"move": "confirm"}, headers={"If-Match": "*"})
    assert decided.status_code == 401


# What stands apart


@pytest.mark.parametrize("address", ["/admin/", "/admin/reports/contextrule/", "/admin/login/"])
def test_the_admin_is_for_admins(client: Client, people: dict[str, Any], address: str) -> None:
    assert client.get(address, follow=True).redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"

    told = {}
    for role, user in people.items():
        client.force_login(user)
        told[role] = client.get(address, follow=True).status_code

    assert told == {role: 200 if role == "admin" else 403 for role in people}


@pytest.mark.parametrize("name", sorted(name for name in ADDRESSES if name.startswith("mfa_")))
def test_a_second_factor_is_set_up_behind_a_sign_in(client: Client, name: str) -> None:
    of_a_key = name in ("mfa_edit_webauthn", "mfa_remove_webauthn")
    response = client.get(reverse(name, args=[1] if of_a_key else []))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


# Roles sleep until there is a second factor


@pytest.mark.parametrize(("address", "role"), [("/triage/", "triager"), ("/admin/", "admin")])
def test_a_role_sleeps_until_a_second_factor_is_set_up(
    client: Client, someone: Any, settings: Any, address: str, role: str
) -> None:
    from allauth.mfa.models import Authenticator

    settings.REQUIRE_MFA = True
    user = someone(role)
    client.force_login(user)

    assert client.get(address, follow=True).redirect_chain[-1][0] == reverse("mfa_index")

    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get(address).status_code == 200


def test_who_holds_no_role_is_not_sent_to_set_up_a_second_factor(client: Client, someone: Any, settings: Any) -> None:
    settings.REQUIRE_MFA = True
    client.force_login(someone("auditor"))

    assert client.get("/triage/").status_code == 403


def test_a_role_that_was_ended_is_no_role(client: Client, triager: Any) -> None:
    from django.utils import timezone

    triager.grants.update(ended_at=timezone.now())
    client.force_login(triager)

    assert client.get("/triage/").status_code == 403


def test_a_closed_account_is_nobody(client: Client, triager: Any) -> None:
    client.force_login(triager)
    triager.is_active = False
    triager.save()

    assert outcome(client.get("/triage/")) == "sign in"


# Whatever is asked

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
VERBS = ("confirm", "resolve", "dismiss", "reopen", "place")
ODD = ["", "\x00'\"><\u202e", "9" * 40, "-1", "²", "TT-9999-99999999999", "a" * 3_000]
ASKED = (
    "q page state kind artifact artifact_kind order access limit cursor view issue report model next verb reason "
    "target public_title severity note fixed_in language code step version context_of_use format summary consent"
)


@pytest.mark.parametrize(
    "row", {(row.name, row.args): row for row in [*PAGES, *API]}.values(), ids=lambda row: row.name
)
def test_no_address_fails_whatever_it_is_asked(house: dict[str, str], triager: Any, row: Row) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(triager)
    address = reverse(row.name, args=[arg.format(**house) for arg in row.args])
    told = {method: getattr(client, method)(address).status_code for method in METHODS}
    for at, value in enumerate(ODD):  # a method that is not allowed is refused before anything is read
        asked = dict.fromkeys(ASKED.split(), value)
        if told["get"] != 405:
            told[f"get {value[:9]!r}"] = client.get(address, asked).status_code
        verbs = ["", VERBS[at % len(VERBS)]] if row.name == "triage_decide" else [""]
        for verb in verbs if told["post"] != 405 else []:
            told[f"post {verb} {value[:9]!r}"] = client.post(address, asked | {"verb": verb}).status_code

    assert {how: status for how, status in told.items() if status >= 500} == {}


@pytest.mark.long
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_fails_whatever_it_is_told(house: dict[str, str], triager: Any, verb: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(triager)
    address = reverse("triage_decide", args=[house["new"]])

    told = [client.post(address, dict.fromkeys(ASKED.split(), value) | {"verb": verb}).status_code for value in ODD]

    assert max(told) < 500
