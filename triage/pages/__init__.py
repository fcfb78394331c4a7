"""The pages of the desk."""

from triage.pages.claiming import claim, give_ten, release, release_all
from triage.pages.desk import confirm_artifact, decide, history, issue, queue, undo, undo_last
from triage.pages.own import own
from triage.pages.themes import theme, themes

__all__ = [
    "claim",
    "confirm_artifact",
    "decide",
    "give_ten",
    "history",
    "issue",
    "own",
    "queue",
    "release",
    "release_all",
    "theme",
    "themes",
    "undo",
    "undo_last",
]
