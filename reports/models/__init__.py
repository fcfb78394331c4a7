"""The tables of filing and of the public record."""

from reports.models.artifact import Alias, Artifact, Lineage, Version
from reports.models.issue import Affected, Issue, NumberSeries, Placement, Reproduction
from reports.models.notice import Notice, Subscription
from reports.models.report import Contact, DailySalt, Evidence, IdempotencyKey, Message, RateBucket, Report
from reports.models.warning import DailyCount, Signal

__all__ = [
    "Affected",
    "Alias",
    "Artifact",
    "Contact",
    "DailyCount",
    "DailySalt",
    "Evidence",
    "IdempotencyKey",
    "Issue",
    "Lineage",
    "Message",
    "Notice",
    "NumberSeries",
    "Placement",
    "RateBucket",
    "Report",
    "Reproduction",
    "Signal",
    "Subscription",
    "Version",
]
