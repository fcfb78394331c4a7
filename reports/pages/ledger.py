"""The ledger as everybody may check it: what it is, checkpoints, tiles, proofs, and the program that checks them."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from ledger import proving, verifier
from ledger.models import Checkpoint
from ledger.signing import public_key
from ledger.tree import tiles
from reports.conditional import public_page, unless_known

DAYS = 14  # of which the last checkpoint is listed
A_YEAR_S = 31_536_000
LONGEST = 18  # digits of an event's number: below what the database can hold
PROGRAM = Path(verifier.__file__)
TEXT = "text/plain; charset=utf-8"


@open_to_all
@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    newest, now = proving.newest(), datetime.now(UTC)
    asked = request.GET.get("event", "").strip()
    told = {
        "newest": newest and {"size": newest.size, "at": newest.at, "note": newest.signed_note},
        "days": proving.last_of_days(now.replace(hour=0, minute=0, second=0, microsecond=0), days=DAYS),
        "key": public_key(),
        "asked": asked[:LONGEST],
        "found": found(asked, newest),
    }
    return public_page(request, "reports/ledger.html", told, address=f"{settings.SITE_URL}{reverse('ledger')}")


def found(asked: str, newest: Checkpoint | None) -> dict[str, Any] | None:
    """The event that was asked for by its number, if it stands under a checkpoint."""
    if newest is None or not (asked.isascii() and asked.isdecimal()) or len(asked) > LONGEST:
        return None
    return proving.inclusion_document(int(asked), newest) if int(asked) < newest.size else None


@open_to_all
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest, as a signed note."""
    note = signed().signed_note
    return unless_known(request, _digest(note.encode()), lambda: HttpResponse(note, TEXT))


@open_to_all
@require_safe
def checkpoint_of(request: HttpRequest, size: int) -> HttpResponse:
    """One that was signed before."""
    kept = Checkpoint.objects.filter(size=size).first() if len(str(size)) <= LONGEST else None
    if kept is None:
        raise Http404
    return for_ever(request, lambda: HttpResponse(kept.signed_note, TEXT), kept.signed_note.encode())


@open_to_all
@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    place = tiles.place(path)
    if place is None or not place.within(signed().size):
        raise Http404
    body = proving.tile(place)
    return for_ever(request, lambda: HttpResponse(body, "application/octet-stream"), body)


@open_to_all
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    line = f"{public_key()}\n"
    return unless_known(request, _digest(line.encode()), lambda: HttpResponse(line, TEXT))


@open_to_all
@require_safe
def inclusion(request: HttpRequest, sequence: int) -> HttpResponse:
    newest = signed()
    if sequence >= newest.size:
        raise Http404
    tag = _digest(f"{sequence} of {newest.signed_note}".encode())
    return unless_known(request, tag, lambda: JsonResponse(proving.inclusion_document(sequence, newest)))


@open_to_all
@require_safe
def consistency(request: HttpRequest, old: int, new: int) -> HttpResponse:
    if not old <= new <= signed().size:
        raise Http404
    document = proving.consistency_document(old, new)
    return for_ever(request, lambda: JsonResponse(document), repr(document).encode())


@open_to_all
@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """The verifier, one file, as it is used here."""
    text = _program()

    def make() -> HttpResponse:
        disposition = {"Content-Disposition": 'attachment; filename="verify.py"'}
        return HttpResponse(text, "text/x-python; charset=utf-8", headers=disposition)

    return unless_known(request, _digest(text), make)


def signed() -> Checkpoint:
    """The newest checkpoint. Raises Http404 before there is one."""
    newest = proving.newest()
    if newest is None:
        raise Http404
    return newest


def for_ever(request: HttpRequest, make: Callable[[], HttpResponse], body: bytes) -> HttpResponse:
    """What stands at an address whose content never changes: kept by whoever has it, and asked for once."""
    answer = unless_known(request, _digest(body), make)
    del answer["Cache-Control"]
    patch_cache_control(answer, public=True, max_age=A_YEAR_S, immutable=True)
    return answer


@cache
def _program() -> bytes:
    return PROGRAM.read_bytes()


def _digest(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
