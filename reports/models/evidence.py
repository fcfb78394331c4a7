"""What can identify or harm: the words of reports, and what was said of them. Sealed where a report is sensitive."""

import json
from datetime import UTC, datetime
from typing import Any, Self

import structlog
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.policy import Actor
from reports.envelopes import Unreadable, opened, sealed, unwrapped
from reports.models.report import Report, read_by

SUMMARY, WORDS = "summary", "words"  # the two that evidence is sealed in: lists read the summary, and only that
log = structlog.get_logger()


def place_of(report_id: int, part: str) -> str:
    """What sealed evidence is bound to: as :func:`reports.envelopes.sealed` wants it."""
    return f"{report_id} {part}"


def message_place(report_id: int, sent_at: datetime) -> str:
    return place_of(report_id, f"message {sent_at.astimezone(UTC).isoformat()}")


class EvidenceKey(models.Model):
    """The key under which the words and files of one report are sealed, itself wrapped by key ``version`` of the site.

    Reports without one are not sealed. Deleting it makes what is sealed unreadable for ever: words and files stay as
    bytes that nobody opens.
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="evidence_key")
    wrapped = models.BinaryField()
    version = models.PositiveSmallIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"key of {self.report_id}"

    @cached_property
    def key(self) -> bytes:
        """Raises :class:`~reports.envelopes.Unreadable`."""
        return unwrapped(bytes(self.wrapped), version=self.version, report_id=self.report_id)


def read(what: bytes, report: Report, place: str) -> str:
    """What was sealed with the report's key for that place; "" if nobody can open it any more."""
    try:
        return opened(what, key=report.evidence_key.key, place=place).decode()
    except EvidenceKey.DoesNotExist:  # erased
        return ""
    except Unreadable as failure:
        log.error("evidence.unreadable", report=report.pk, place=str(failure))
        return ""


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(read_by(actor, "report__"))


class Evidence(models.Model):
    """The words of a report: what can identify or harm. Erased apart, so that the report's row may stay.

    Of a sensitive report they are sealed (``reports.sealed`` says which are, and seals), and the columns ``plain_…``
    are empty. ``summary``, ``what_happened``, ``expected`` and ``transcript`` read them either way, and are the one way
    to read them; in SQL, ``reports.sealed.summary_of``. Who reads many fetches ``report__evidence_key`` with them.
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="evidence")
    plain_summary = models.TextField(blank=True, db_column="summary")
    plain_what_happened = models.TextField(blank=True, db_column="what_happened")
    plain_expected = models.TextField(blank=True, db_column="expected")
    plain_transcript = models.JSONField(default=list, blank=True, db_column="transcript")
    sealed_summary = models.BinaryField(null=True, editable=False)
    sealed_words = models.BinaryField(null=True, editable=False)
    words_key = models.BinaryField(null=True, editable=False)  # see ``reports.vouching``

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="evidence_sealed_or_plain",
                condition=Q(sealed_words=None, sealed_summary=None)
                | Q(
                    sealed_words__isnull=False,
                    sealed_summary__isnull=False,
                    plain_summary="",
                    plain_what_happened="",
                    plain_expected="",
                    plain_transcript=[],
                ),
            )
        ]

    def __str__(self) -> str:
        return f"evidence of {self.report_id}"

    @property
    def is_sealed(self) -> bool:
        return self.sealed_words is not None

    @property
    def summary(self) -> str:
        return self._unsealed(SUMMARY) if self.is_sealed else self.plain_summary

    @property
    def what_happened(self) -> str:
        return str(self._rest.get("what_happened", "")) if self.is_sealed else self.plain_what_happened

    @property
    def expected(self) -> str:
        return str(self._rest.get("expected", "")) if self.is_sealed else self.plain_expected

    @property
    def transcript(self) -> list[dict[str, str]]:
        """Ordered turns {role, content}."""
        return list(self._rest.get("transcript", [])) if self.is_sealed else self.plain_transcript

    @cached_property
    def is_unreadable(self) -> bool:
        """Whether its words are sealed and nobody can open them any more: they read as empty."""
        return self.is_sealed and not self._rest

    @cached_property
    def _rest(self) -> dict[str, Any]:
        """What is sealed beside the summary; nothing if it cannot be opened."""
        told: dict[str, Any] = json.loads(self._unsealed(WORDS) or "{}")
        return told

    def _unsealed(self, part: str) -> str:
        return read(getattr(self, f"sealed_{part}"), self.report, place_of(self.report_id, part))

    def last_turn(self, role: str) -> str:
        """The last turn of ``role``, "" if there is none: the prompt is the user's, the output the model's."""
        return next((turn["content"] for turn in reversed(self.transcript) if turn["role"] == role), "")

    @property
    def parts(self) -> dict[str, str]:
        """Its words by name: summary, what_happened, expected, and "turn:0" on. Empty ones are left out."""
        told = {name: getattr(self, name) for name in ("summary", "what_happened", "expected")}
        told |= {f"turn:{at}": turn["content"] for at, turn in enumerate(self.transcript)}
        return {name: words for name, words in told.items() if words}

    @property
    def prompt(self) -> str:
        return self.last_turn("user")

    @property
    def output(self) -> str:
        return self.last_turn("assistant")


class Sealable(models.Model):
    """Words beside those of a report, in a column of their own: plain, or sealed with the report's key.

    ``text`` reads them either way. ``place`` has to be there before they are sealed, so it hangs on no id.
    """

    plain_text = models.TextField(db_column="text", blank=True)
    sealed_text = models.BinaryField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def place(self) -> str:
        raise NotImplementedError

    @property
    def text(self) -> str:
        if self.sealed_text is None:
            return self.plain_text
        report: Report = self.report  # type: ignore[attr-defined] # each has one
        return read(bytes(self.sealed_text), report, self.place)

    @text.setter
    def text(self, words: str) -> None:
        self.plain_text, self.sealed_text = words, None

    def seal(self, key: bytes) -> None:
        """Put the plain words under the key, in the row at hand: to save it is the caller's."""
        if self.sealed_text is None:
            self.sealed_text = sealed(self.plain_text.encode(), key=key, place=self.place)
            self.plain_text = ""


class Translation(Sealable):
    """A person's translation of one part of a report's words, beside the original."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="translations")
    part = models.CharField(max_length=16)
    language = models.CharField(max_length=16)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "part", "language"], condition=Q(ended_at=None), name="translation_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.report_id} in {self.language}"

    @property
    def place(self) -> str:
        return place_of(
            self.report_id, f"translation {self.part} {self.language} {self.made_at.astimezone(UTC).isoformat()}"
        )


class Message(Sealable):
    """One line of the private thread between a reporter and the triagers; ``is_evidence``: what was added to a report
    after it was filed, and stands with its words."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="messages")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    from_reporter = models.BooleanField()
    is_evidence = models.BooleanField(default=False)
    sent_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sent_at"]

    def __str__(self) -> str:
        return f"message on {self.report_id}"

    @property
    def place(self) -> str:
        return message_place(self.report_id, self.sent_at)
