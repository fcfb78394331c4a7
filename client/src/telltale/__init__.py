"""Client of Telltale, where people report what an AI model did wrong.

with telltale.Client("https://telltale.example") as site:
    for issue in site.issues(artifact="acme/chat-7b", state="open"):
        print(issue["number"], issue["title"])
"""

from telltale.client import Client
from telltale.patience import Patience
from telltale.problem import Problem, Wrong
from telltale.shapes import (
    Affected,
    Artifact,
    ArtifactKind,
    Bulk,
    BulkResult,
    Form,
    ImportStatus,
    Issue,
    Receipt,
    Reject,
    Standing,
)
from telltale.wire import VERSION as __version__

__all__ = [
    "Affected",
    "Artifact",
    "ArtifactKind",
    "Bulk",
    "BulkResult",
    "Client",
    "Form",
    "ImportStatus",
    "Issue",
    "Patience",
    "Problem",
    "Receipt",
    "Reject",
    "Standing",
    "Wrong",
    "__version__",
]
