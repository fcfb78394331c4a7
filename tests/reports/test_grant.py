"""The command that gives somebody a role and a way in."""

import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Grant, Token, User
from accounts.tokens import actor_of_token, user_of_code
from ledger.models import Event

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    printed = io.StringIO()
    call_command("grant", *args, stdout=printed)
    return printed.getvalue()


def test_a_new_person_gets_an_account_a_role_and_a_link_that_signs_in(settings: Any) -> None:
    settings.SITE_URL = "https://reports.example"

    printed = run("triager", "Mina@Example.org")

    user = User.objects.get()
    assert user.email == "mina@example.org"
    assert not user.has_usable_password()
    assert Grant.objects.get().role == "triager"
    link = re.search(r"https://reports\.example/accounts/sign-in/(.+)/", printed)
    assert link
    assert user_of_code(link[1]) == user
    assert "token:" not in printed


def test_granting_twice_grants_once_and_prints_another_link() -> None:
    run("triager", "mina@example.org")

    printed = run("triager", "MINA@example.org")

    assert "was already triager" in printed
    assert "/accounts/sign-in/" in printed
    assert Grant.objects.count() == User.objects.count() == 1
    assert list(Event.objects.values_list("verb", "actor")) == [("grant", "system")]


def test_a_person_may_hold_several_roles_and_an_ended_one_again(someone: Any) -> None:
    run("triager", "mina@example.org")
    Grant.objects.update(ended_at="2021-01-01T00:00:00Z")

    run("triager", "mina@example.org")
    run("auditor", "mina@example.org")

    assert sorted(Grant.objects.filter(ended_at=None).values_list("role", flat=True)) == ["auditor", "triager"]


def test_a_maintainer_answers_for_an_artifact(artifact: Any) -> None:
    run("maintainer", "mina@example.org", "--artifact", "Acme/Chat-7B")

    assert Grant.objects.get().artifact_id == artifact.pk
    assert Event.objects.get().subjects[2] == f"artifact:{artifact.pk}"


def test_a_token_works_for_its_scopes_and_is_on_record_without_its_secret() -> None:
    printed = run("triager", "mina@example.org", "--token", "queue:read, queue:write")

    token = printed.splitlines()[-1].removeprefix("token: ")
    found = actor_of_token(token)
    assert found
    assert found[1].scopes == frozenset({"queue:read", "queue:write"})
    assert found[1].roles == {"triager"}
    assert token.startswith("tt_")
    assert not Event.objects.filter(payload__content__icontains=token).exists()
    assert Event.objects.filter(verb="make_token").count() == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["boss", "mina@example.org"], "invalid choice"),
        (["triager", "mina"], "not an e-mail address"),
        (["triager", f"{'mina.' * 12}m@{'example.' * 30}org"], "not an e-mail address"),
        (["maintainer", "mina@example.org"], "--artifact ORG/NAME"),
        (["maintainer", "mina@example.org", "--artifact", "chat-7b"], "--artifact ORG/NAME"),
        (["maintainer", "mina@example.org", "--artifact", "acme/none"], "No artifact is called acme/none"),
        (["triager", "mina@example.org", "--artifact", "acme/chat-7b"], "leave --artifact out"),
        (["triager", "mina@example.org", "--token", "queue:all"], "Unknown scope: queue:all"),
        (["triager", "mina@example.org", "--token", ""], "Unknown scope: none given"),
    ],
)
def test_what_cannot_be_granted_is_refused_in_words_and_nothing_is_made(args: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run(*args)

    assert not User.objects.exists()
    assert not Token.objects.exists()
    assert not Event.objects.exists()


def test_a_name_of_two_artifacts_is_refused(artifact: Any) -> None:
    from reports.naming import artifact_named

    artifact_named("dataset", "acme/chat-7b")

    with pytest.raises(CommandError, match="more than one artifact"):
        run("maintainer", "mina@example.org", "--artifact", "acme/chat-7b")


def test_a_closed_account_stays_closed(someone: Any) -> None:
    user = someone(email="mina@example.org")
    user.is_active = False
    user.save()

    with pytest.raises(CommandError, match="is closed"):
        run("triager", "mina@example.org")

    assert not Grant.objects.exists()
