"""What documents of ours look like, for programs that check them."""

from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.conditional import tag_of, unless_known

FOLDER = Path(__file__).resolve().parent.parent / "schemas"


@cache
def schemas() -> dict[str, bytes]:
    """By the name they have in an address: what is not there is nobody's path."""
    return {path.stem: path.read_bytes() for path in FOLDER.glob("*.json")}


@open_to_all
@require_safe
def schema(request: HttpRequest, name: str) -> HttpResponse:
    text = schemas().get(name)
    if text is None:
        raise Http404
    return unless_known(request, tag_of(text), lambda: HttpResponse(text, content_type="application/schema+json"))
