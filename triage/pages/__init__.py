"""The pages of the desk."""

from triage.pages.desk import confirm_artifact, decide, issue, queue, undo
from triage.pages.themes import theme, themes

__all__ = ["confirm_artifact", "decide", "issue", "queue", "theme", "themes", "undo"]
