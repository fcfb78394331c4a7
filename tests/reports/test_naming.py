"""From what somebody typed to the artifact it means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.models import Alias, Artifact, Version
from reports.naming import (
    NAME_LENGTH,
    ORG_LENGTH,
    artifact_and_version,
    artifact_named,
    find_artifact,
    parse,
    tidy,
    version_named,
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("acme/chat-7b", ("acme", "chat-7b")),
        ("  acme / chat 7b  ", ("acme", "chat-7b")),
        ("acme/chat/7b", ("acme", "chat-7b")),
        ("chat-7b", ("", "chat-7b")),
        ("https://hub.example/acme/chat-7b", ("acme", "chat-7b")),
        ("HTTPS://hub.example/acme/chat-7b/tree/main?x=1#top", ("acme", "chat-7b")),
        ("https://hub.example/acme%2Fchat", ("acme", "chat")),
        ("https://chat.example/", ("", "chat.example")),
        ("http://[::1", ("", "")),
        ("https://", ("", "")),
        ("/", ("", "")),
        ("///", ("", "")),
        ("..", ("", "")),
        ("../../etc", ("", "etc")),
        ("a?b#c%d\\e", ("", "a-b-c-d-e")),
        ("\u202eacme\u202c/chat\u200b-7b", ("acme", "chat-7b")),
        ("شركة/نموذج", ("شركة", "نموذج")),
        ("e\u0301cole/mode\u0300le", ("\u00e9cole", "mod\u00e8le")),
        ("x" * 300 + "/" + "y" * 300, ("x" * ORG_LENGTH, "y" * NAME_LENGTH)),
    ],
)
def test_a_name_is_read(typed: str, meant: tuple[str, str]) -> None:
    assert parse(typed) == meant


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_whatever_is_typed_can_stand_in_an_address(typed: str) -> None:
    for part in parse(typed):
        assert not set(part) & set("/\\?#% \t\n")
        assert part not in (".", "..")
        assert part == tidy(part) or len(part) in (ORG_LENGTH, NAME_LENGTH)


@pytest.mark.django_db
class TestFinding:
    def test_a_new_name_makes_an_artifact_that_waits(self) -> None:
        made = artifact_named("model", "Acme/Chat-7B")

        assert str(made) == "Acme/Chat-7B"
        assert made.family == made
        assert made.confirmed_at is None

    @pytest.mark.parametrize("again", ["acme/chat-7b", "ACME/CHAT-7B", "Chat-7b", "https://hub.example/acme/chat-7b"])
    def test_the_same_name_in_any_case_is_the_same_artifact(self, again: str) -> None:
        made = artifact_named("model", "Acme/Chat-7B")

        assert artifact_named("model", again) == made

    @pytest.mark.parametrize("name", ["İstanbul", "ΑΣ", "ẞtraße", "ǅ", "ﬀ", "\u0130\u0307"])
    def test_letters_that_two_lower_casings_differ_over(self, name: str) -> None:
        assert artifact_named("model", f"acme/{name}") == artifact_named("model", f"acme/{name}")
        artifact = artifact_named("model", f"acme/{name}")
        assert version_named(artifact, name) == version_named(artifact, name)

    def test_kinds_are_apart(self) -> None:
        assert artifact_named("model", "acme/chat") != artifact_named("system", "acme/chat")

    def test_a_bare_name_of_two_artifacts_means_neither(self) -> None:
        first, second = artifact_named("model", "acme/chat"), artifact_named("model", "other/chat")

        found = artifact_named("model", "chat")

        assert found not in (first, second)
        assert found.org == "unlisted"

    def test_a_name_without_org_gets_its_developer_s(self) -> None:
        assert str(artifact_named("model", "chat", developer="Acme Labs")) == "acme-labs/chat"
        assert str(artifact_named("model", "talk", developer="///")) == "unlisted/talk"

    def test_an_alias_leads_to_its_artifact(self) -> None:
        made = artifact_named("model", "acme/chat")
        Alias.objects.create(artifact=made, name="The Chat İ")

        assert find_artifact("model", "", "the chat İ") == made
        assert find_artifact("system", "", "The Chat İ") is None

    def test_a_merged_artifact_stands_for_the_one_it_became(self) -> None:
        kept, gone = artifact_named("model", "acme/chat"), artifact_named("model", "acme/chat-old")
        Artifact.objects.filter(pk=gone.pk).update(merged_into=kept)

        assert artifact_named("model", "acme/chat-old") == kept

    def test_unknown_is_one_artifact_whatever_its_kind(self) -> None:
        assert artifact_named("model", "unknown") == artifact_named("system", " UNKNOWN ")
        assert Artifact.objects.count() == 1

    def test_versions_are_found_in_any_case_and_spacing(self, artifact: Any) -> None:
        assert version_named(artifact, " 2026-05 ") == Version.objects.get(name="2026-05")
        made = version_named(artifact, "Build  7\n")
        assert made == version_named(artifact, "BUILD 7")
        assert (made.name, made.position) == ("Build 7", None) if made else False

    @pytest.mark.parametrize("typed", ["", "   ", "\u2003"])
    def test_no_version_is_none(self, artifact: Any, typed: str) -> None:
        assert version_named(artifact, typed) is None

    def test_what_is_unknown_has_no_versions(self) -> None:
        assert version_named(artifact_named("model", "unknown"), "7") is None
        assert not Version.objects.exists()


@pytest.mark.django_db
class TestBothAtOnce:
    @pytest.mark.parametrize("typed", ["acme/chat-7b", "ACME/Chat-7B", "https://hub.example/acme/chat-7b"])
    def test_known_names_are_one_question(self, artifact: Any, typed: str, django_assert_num_queries: Any) -> None:
        known = Version.objects.get(name="2026-05")

        with django_assert_num_queries(1):
            found, version = artifact_and_version("model", typed, " 2026-05 ")
            assert (str(found), found.family_id, found.is_unknown) == ("acme/chat-7b", artifact.family_id, False)

        assert (found, version) == (artifact, known)

    @pytest.mark.parametrize("typed", ["acme/chat-7b", "chat-7b", "acme/new", "new", "unknown"])
    @pytest.mark.parametrize("version", ["", "2026-05", "of tomorrow"])
    def test_it_finds_and_makes_what_the_two_do(self, artifact: Any, typed: str, version: str) -> None:
        found, known = artifact_and_version("model", typed, version, developer="Kelp", deployer="")

        again = artifact_named("model", typed, developer="Kelp")
        assert (found, known) == (again, version_named(again, version))

    def test_a_merged_artifact_s_versions_are_those_of_the_one_it_became(self, artifact: Any) -> None:
        gone = artifact_named("model", "acme/chat-old")
        version_named(gone, "2026-05")
        Artifact.objects.filter(pk=gone.pk).update(merged_into=artifact)

        found = artifact_and_version("model", "acme/chat-old", "2026-05")

        assert found == (artifact, Version.objects.get(artifact=artifact, name="2026-05"))
