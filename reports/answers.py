"""The one schema of a report: what the form, the API and every importer are checked against."""

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from reports.naming import parse, path_of
from reports.vocabulary import (
    ArtifactKind,
    ContextOfUse,
    FoundBy,
    Harm,
    Kind,
    ReporterRelation,
    Severity,
    TurnRole,
    Visibility,
)

SUMMARY_MIN, SUMMARY_MAX = 10, 120
PROSE_MIN, PROSE_MAX = 30, 20_000
TURNS_MAX, TURN_MAX = 200, 20_000
SETTINGS_MAX = 10_000  # bytes of JSON
DEPTH_MAX = 32  # a report is four deep; what goes deeper has its reader's stack in mind, not its reader
ALSO_AFFECTS_MAX = 10
CREDIT_MAX = 120
EARLIEST_YEAR = 1950  # of what is told: before, there was nothing of the kind to tell of
EMBARGO_MOST = timedelta(days=366)  # a year, whichever it is
WHOLE = 2_000_000  # characters: an imported text is kept whole, and this only stops the absurd


class Whole(ProhibitSurrogateCharactersValidator):
    """Refuses half of a surrogate pair. The library's looks at each character, which in a long transcript takes longer
    than all else in filing; a text that UTF-8 can say has none."""

    def __call__(self, value: Any) -> None:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            super().__call__(value)


class Text(serializers.CharField):
    """A string and nothing that could be turned into one."""

    default_error_messages = {
        "invalid": _("This must be text."),
        "required": _("This answer is needed."),
        "blank": _("This answer is needed."),
        "null": _("This must be text, not nothing."),
        "max_length": _("This can be at most {max_length} characters long."),
        "min_length": _("Write at least {min_length} characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            Whole() if isinstance(each, ProhibitSurrogateCharactersValidator) else each for each in self.validators
        ]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One word of a closed list; a wrong one is answered with the list."""

    default_error_messages = {
        "invalid_choice": _("“{input}” is not one of the answers. Choose one of: {known}."),
        "required": _("Choose one of the answers."),
        "null": _("Choose one of the answers."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if data == "" and self.allow_blank:
            return ""
        if isinstance(data, str) and data in self.choices:
            return data
        self.fail("invalid_choice", input=str(data)[:60], known=", ".join(str(choice) for choice in self.choices))


def unknown_fields(data: Mapping[Any, Any], known: Iterable[str]) -> dict[str, list[Any]]:
    """A sentence for each name in ``data`` that is not known."""
    return {str(name)[:60]: [_("There is no such field.")] for name in data if name not in known}


class Closed(serializers.Serializer[Any]):
    """Part of a report that has the fields it has, and no others."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := unknown_fields(data, self.fields)):
            raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class Turn(Closed):
    role = Choice(choices=TurnRole.values)
    content = Text(max_length=TURN_MAX, trim_whitespace=False, allow_blank=True)


COUNTING: dict[str, Any] = {
    "invalid": _("Write a whole number."),
    "required": _("Say both numbers, or leave both out."),
}


class Reproduction(Closed):
    tries = serializers.IntegerField(min_value=1, max_value=1_000_000_000, error_messages=COUNTING)
    failures = serializers.IntegerField(min_value=0, max_value=1_000_000_000, error_messages=COUNTING)

    def validate(self, attrs: dict[str, int]) -> dict[str, int]:
        if attrs["failures"] > attrs["tries"]:
            raise serializers.ValidationError({"failures": _("It cannot have failed more often than it was tried.")})
        return attrs


def clean_json(value: Any) -> Any:
    """``value`` if PostgreSQL can keep it as JSON and it is not absurdly large."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:  # a number beyond all bounds (1e999 is read as infinity), or half of a surrogate pair
        raise serializers.ValidationError(_("This holds characters that cannot be stored.")) from None
    if len(text) > SETTINGS_MAX:
        raise serializers.ValidationError(_("This is too large."))
    if "\\u0000" in text.replace("\\\\", ""):
        raise serializers.ValidationError(_("This holds characters that cannot be stored."))
    return value


def is_deeper_than(limit: int, value: Any) -> bool:
    """Whether objects and lists stand in one another more than ``limit`` deep. Level by level, without recursion."""
    level = [value]
    for _depth in range(limit + 1):
        nested = [part for part in level if isinstance(part, dict | list)]
        if not nested:
            return False
        level = [inner for part in nested for inner in (part.values() if isinstance(part, dict) else part)]
    return True


class Answers(serializers.Serializer[Any]):
    """A report as filed. Field names and vocabularies are the API's, and stay put.

    ``relaxed`` in the context (imports, demo, replay) lifts the minima and lengths of prose.
    """

    artifact = Text(max_length=260)
    artifact_kind = Choice(choices=ArtifactKind.values, default=ArtifactKind.MODEL)
    developer = Text(max_length=200, required=False, allow_blank=True)
    deployer = Text(max_length=200, required=False, allow_blank=True)
    version = Text(max_length=120, required=False, allow_blank=True)
    also_affects = serializers.ListField(child=Text(max_length=260), max_length=ALSO_AFFECTS_MAX, required=False)
    summary = Text(min_length=SUMMARY_MIN, max_length=SUMMARY_MAX)
    what_happened = Text(min_length=PROSE_MIN, max_length=PROSE_MAX)
    expected = Text(max_length=PROSE_MAX, required=False, allow_blank=True)
    kind = Choice(choices=Kind.values)
    transcript = serializers.ListField(child=Turn(), max_length=TURNS_MAX, required=False)
    context_of_use = Choice(choices=ContextOfUse.values, required=False, allow_blank=True)
    harm_occurred = Choice(choices=Harm.values, required=False, allow_blank=True)
    severity = Choice(choices=Severity.values, required=False, allow_blank=True)
    reproduction = Reproduction(required=False, allow_null=True)
    language = serializers.RegexField(
        r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        max_length=16,
        required=False,
        allow_blank=True,
        error_messages={"invalid": _("Write a language tag such as en, es or zh-Hans.")},
    )
    observed_on = serializers.DateField(required=False, allow_null=True)
    settings = serializers.DictField(required=False)
    found_by = Choice(choices=FoundBy.values, required=False, allow_blank=True)
    relation = Choice(choices=ReporterRelation.values, required=False, allow_blank=True)
    visibility = Choice(choices=Visibility.values, required=False, allow_blank=True)
    embargo_until = serializers.DateTimeField(required=False, allow_null=True)
    contact_email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    credit_name = Text(max_length=CREDIT_MAX, required=False, allow_blank=True)
    consent = serializers.BooleanField()
    confirms = Text(max_length=20, required=False, allow_blank=True)
    rule_id = Text(max_length=200, required=False, allow_blank=True)
    source = Text(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment] # a field's name, not DRF's
    source_key = Text(max_length=300, required=False, allow_blank=True)
    reported_at = serializers.DateTimeField(required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if self.context.get("relaxed"):
            fields["summary"] = Text(max_length=WHOLE, allow_blank=True, required=False)
            fields["what_happened"] = Text(max_length=WHOLE)
            fields["expected"] = Text(max_length=WHOLE, required=False, allow_blank=True)
            fields["transcript"] = serializers.ListField(child=WholeTurn(), required=False)
        elif self.context.get("confirms"):
            fields["summary"] = Text(max_length=SUMMARY_MAX, required=False, allow_blank=True)
            fields["what_happened"] = Text(max_length=PROSE_MAX, required=False, allow_blank=True)
            fields["kind"] = Choice(choices=Kind.values, required=False)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError({"": [_("A report is a JSON object.")]})
        unknown = unknown_fields(data, self.fields)
        try:
            answers = super().to_internal_value(data)
        except serializers.ValidationError as refusal:
            raise serializers.ValidationError({**refusal.detail, **unknown}) from None  # type: ignore[dict-item] # a dict
        if unknown:
            raise serializers.ValidationError(unknown)
        return answers

    def validate_artifact(self, value: str) -> str:
        org, name = parse(value)
        if not name or ("/" in path_of(value) and not org):
            raise serializers.ValidationError(
                _("Write the name as you know it, or org/name, or “unknown” if you cannot tell.")
            )
        return value

    def validate_consent(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(_("A report can only be taken with your consent."))
        return value

    def validate_settings(self, value: dict[str, Any]) -> dict[str, Any]:
        checked: dict[str, Any] = clean_json(value)
        return checked

    def validate_reported_at(self, value: datetime | None) -> datetime | None:
        if value is not None:
            refuse_strange_day(value.date())
        return value

    def validate_embargo_until(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("This lies in the past."))
        if value is not None and value > timezone.now() + EMBARGO_MOST:
            raise serializers.ValidationError(_("This can be at most a year away."))
        return value

    def validate_observed_on(self, value: date | None) -> date | None:
        if value is not None:
            refuse_strange_day(value)
        return value


def refuse_strange_day(day: date) -> None:
    """Tomorrow is today somewhere. A year of two digits would be one of the first century."""
    if day > (timezone.now() + timedelta(days=1)).date():
        raise serializers.ValidationError(_("This lies in the future."))
    if day.year < EARLIEST_YEAR:
        raise serializers.ValidationError(_("This lies too far back. Write the year with four digits."))


class WholeTurn(Turn):
    content = Text(max_length=WHOLE, trim_whitespace=False, allow_blank=True)


class Prepared(threading.local):
    """The schemas that one thread has made: making thirty fields takes longer than checking a report by them.

    One for each language, because a field remembers the first wording of its sentences; and for each thread, because
    it does so without a lock. Nothing else of a check stays in them.
    """

    def __init__(self) -> None:
        self.schemas: dict[tuple[bool, bool, str | None], Answers] = {}


_made = Prepared()


def prepared(*, relaxed: bool, confirms: bool) -> Answers:
    """The schema, to be asked by ``run_validation``."""
    key = (relaxed, confirms, get_language())
    if key not in _made.schemas:
        _made.schemas[key] = Answers(context={"relaxed": relaxed, "confirms": confirms})
    return _made.schemas[key]
