"""The tables of filing and of the public record."""

from reports.models.abstract import Abstract, Stir
from reports.models.artifact import Alias, Artifact, Lineage, Version
from reports.models.context import ContextRule
from reports.models.draft import Attachment, Draft
from reports.models.embargo import Timepiece
from reports.models.erasure import Erasure
from reports.models.evidence import Evidence, EvidenceKey, Message, Translation
from reports.models.imports import Import, ImportReject, RehearsedFailure
from reports.models.issue import Affected, Answer, Issue, NumberSeries, Placement, Reproduction
from reports.models.lending import EvidenceRequest, OpenedReport
from reports.models.maintaining import MaintainerRequest
from reports.models.notice import Notice, Subscription
from reports.models.published import PublicText
from reports.models.report import (
    Contact,
    Credit,
    DailySalt,
    Excerpt,
    IdempotencyKey,
    RateBucket,
    Redaction,
    Report,
)
from reports.models.stub import Stub
from reports.models.warning import DailyCount, Signal
from reports.models.webhook import Commit, Delivery, Endpoint, Try

__all__ = [
    "Abstract",
    "Affected",
    "Alias",
    "Answer",
    "Artifact",
    "Attachment",
    "Commit",
    "Contact",
    "ContextRule",
    "Credit",
    "DailyCount",
    "DailySalt",
    "Delivery",
    "Draft",
    "Endpoint",
    "Erasure",
    "Evidence",
    "EvidenceKey",
    "EvidenceRequest",
    "Excerpt",
    "IdempotencyKey",
    "Import",
    "ImportReject",
    "Issue",
    "Lineage",
    "MaintainerRequest",
    "Message",
    "Notice",
    "NumberSeries",
    "OpenedReport",
    "Placement",
    "PublicText",
    "RateBucket",
    "Redaction",
    "RehearsedFailure",
    "Report",
    "Reproduction",
    "Signal",
    "Stir",
    "Stub",
    "Subscription",
    "Timepiece",
    "Translation",
    "Try",
    "Version",
]
