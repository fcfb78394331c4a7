"""The pages of the desk."""

from triage.pages.desk import confirm_artifact, decide, issue, queue, undo

__all__ = ["confirm_artifact", "decide", "issue", "queue", "undo"]
