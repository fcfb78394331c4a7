"""The one schema: its vocabularies and limits stay what the interface list says."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.answers import Answers, clean_json
from reports.filing import Refused, check
from reports.vocabulary import Channel

VOCABULARIES = {
    "kind": "false_information unfair_or_stereotyped toxic_or_hateful dangerous_instructions privacy_leak "
    "refuses_harmless ignores_instructions unsafe_action jailbreak_or_injection quality_regression "
    "language_or_access other",
    "context_of_use": "education health work public_service finance justice media private other",
    "harm_occurred": "no nearly yes unsure",
    "severity": "not_sure low medium high critical",
    "visibility": "public_after_review public_without_transcript private",
    "found_by": "use research evaluation monitoring audit",
    "relation": "user affected on_behalf researcher journalist regulator developer other",
    "artifact_kind": "model system dataset",
}
OTHER_FIELDS = (
    "artifact developer deployer version also_affects summary what_happened expected transcript reproduction language "
    "observed_on settings contact_email credit_name embargo_until consent confirms rule_id source source_key "
    "reported_at"
)
FIELDS = {*VOCABULARIES, *OTHER_FIELDS.split()}


def test_the_fields_are_those_people_rely_on() -> None:
    assert set(Answers().fields) == FIELDS


def test_five_answers_are_needed() -> None:
    needed = {name for name, field in Answers().fields.items() if field.required}

    assert needed == {"artifact", "summary", "what_happened", "kind", "consent"}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_words_of_closed_lists_stay_put(name: str, answers: dict[str, Any]) -> None:
    words = VOCABULARIES[name].split()

    for word in words:
        assert check(answers | {name: word}, channel=Channel.API)[name] == word
    assert list(Answers().fields[name].choices) == words  # type: ignore[attr-defined] # a ChoiceField


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
def test_the_roles_of_turns_stay_put(role: str, answers: dict[str, Any]) -> None:
    turns = [{"role": role, "content": "  as it was said\n"}]

    assert check(answers | {"transcript": turns}, channel=Channel.API)["transcript"] == turns


@pytest.mark.parametrize("model", ["model", "Assistant", "human", ""])
def test_other_roles_are_refused_in_words(model: str, answers: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        check(answers | {"transcript": [{"role": model, "content": ""}]}, channel=Channel.API)

    assert "system, user, assistant, tool" in refusal.value.errors["transcript.0.role"][0]


@pytest.mark.parametrize("tag", ["en", "zh-Hans", "de-CH-1996", "ar", "", "pt-BR"])
def test_language_tags(tag: str, answers: dict[str, Any]) -> None:
    assert check(answers | {"language": tag}, channel=Channel.API)["language"] == tag


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(FIELDS)), value=JSON, channel=st.sampled_from([Channel.API, Channel.IMPORT]))
def test_any_value_of_any_field_is_taken_or_refused_in_words(
    answers: dict[str, Any], name: str, value: Any, channel: Channel
) -> None:
    errors: dict[str, list[str]] = {}
    try:
        check(answers | {name: value}, channel=channel)
    except Refused as refusal:
        errors = refusal.errors

    assert all(field.split(".")[0] == name for field in errors)
    assert all(sentence for sentences in errors.values() for sentence in sentences)


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_settings_that_pass_can_be_kept_as_json(value: dict[str, Any]) -> None:
    import json

    from rest_framework.serializers import ValidationError

    try:
        clean_json(value)
    except ValidationError:
        return
    text = json.dumps(value)
    assert "NaN" not in text.replace('"', "") or '"' in text
    assert json.loads(text) == value
    json.dumps(value, ensure_ascii=False).encode()
