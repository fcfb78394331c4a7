"""Deciding about artifacts: what they are, what they are called, their releases, where they came from, which are one.

Each act is one transaction with a trail, a Decision and a ledger event, as in ``triage.decisions``; :func:`undo` puts
it back. Locks are taken in the house's order: families, then artifacts, then issues, each ascending.
"""

from triage.catalogue.acts import Change
from triage.catalogue.descent import add_step, end_step, merge_artifact, shift_by, shift_without
from triage.catalogue.naming import ON_THE_WEB, NameTaken, add_alias, confirm_artifact, describe, end_alias
from triage.catalogue.releases import add_version, change_version, drop_version, order_version
from triage.catalogue.shown import FACTS, shown_of
from triage.catalogue.undoing import undo

__all__ = [
    "FACTS",
    "ON_THE_WEB",
    "Change",
    "NameTaken",
    "add_alias",
    "add_step",
    "add_version",
    "change_version",
    "confirm_artifact",
    "describe",
    "drop_version",
    "end_alias",
    "end_step",
    "merge_artifact",
    "order_version",
    "shift_by",
    "shift_without",
    "shown_of",
    "undo",
]
