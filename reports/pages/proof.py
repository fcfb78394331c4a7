"""What a reporter can show to others: that their report was received, and when, without the site's help."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.actors import needs
from accounts.policy import Act
from ledger import proving
from reports.pages.receipt import own
from reports.standing import filing_of
from reports.vouching import shown

OPENED = (
    "at",
    "payload",
    "verb",
)  # when, that it was filed, and under which reference; neither by whom nor row numbers


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_safe
def proof(request: HttpRequest, reference: str) -> HttpResponse:
    """A file for the verifier, against the newest checkpoint; with ``?words=1`` also what was filed, to be shown to
    others."""
    report, newest = own(request, reference), proving.newest()
    event = filing_of(report)
    document = proving.opening_document(event, OPENED, newest) if event and newest else None
    if document is None or event is None:
        raise Http404
    name = f"{reference}.proof.json"
    if "words" in request.GET and (words := shown(report, event)):
        document["words"] = words
        name = f"{reference}.proof-with-words.json"  # whoever passes it on sees which of the two it is
    answer = JsonResponse(document, json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
