"""Package URLs of models, systems and datasets.

``pkg:huggingface`` is for what lies on that hub, which only open and gated models are likely to; ECMA-427 knows no
type for anything else, so the rest are ``pkg:generic``.
"""

from urllib.parse import quote

from reports.exporters.records import Standing
from reports.vocabulary import Access, ArtifactKind

ON_A_HUB = (Access.OPEN, Access.GATED)


def purl_of(standing: Standing, version: str = "") -> str:
    """The package URL of an artifact, with its version if given.

    >>> purl_of(Standing(kind="model", org="acme", name="chat 7b", access="open"), "2026-05")
    'pkg:huggingface/acme/chat%207b@2026-05'
    >>> purl_of(Standing(kind="dataset", org="acme", name="pairs"))
    'pkg:generic/acme/pairs?kind=dataset'
    """
    is_on_hub = standing.kind == ArtifactKind.MODEL and standing.access in ON_A_HUB and standing.org
    path = "/".join(quote(part, safe=":") for part in (standing.org, standing.name) if part)
    at = f"@{quote(version, safe=':')}" if version else ""
    if is_on_hub:
        return f"pkg:huggingface/{path}{at}"
    return f"pkg:generic/{path}{at}?kind={standing.kind}"
