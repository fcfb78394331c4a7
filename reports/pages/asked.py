"""What an address or a form asks for, as far as the database can be asked, and where somebody came from."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST_ID = 18  # digits of a number that the database can hold


def id_in(asked: str) -> int | None:
    """The number of a row; None if it is none.

    >>> id_in("12"), id_in("-1"), id_in("9" * 20)
    (12, None, None)
    """
    return int(asked) if asked.isdecimal() and len(asked) <= LONGEST_ID else None


def storable(asked: str) -> str:
    """The words without what PostgreSQL neither keeps nor compares."""
    return asked.replace("\x00", "")


def came_from(request: HttpRequest, *, otherwise: str) -> str:
    """The page that ``next`` names, if it is one of ours."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours and asked.startswith("/") else otherwise  # else it might be the name of a view
