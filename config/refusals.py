"""What is refused before a view is found, or because one failed: a page for people, a problem document for programs."""

import errno
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views import defaults
from psycopg.errors import DiskFull

from reports.api.problems import problem

PROGRAMS = "/api/"
Page = Callable[..., HttpResponse]
# Stopped, starting, broken off, none left in the pool, out of room, a lock or a statement that took too long: all pass
AWAY = (OperationalError, InterfaceError)
RETRY_S = {503: 5, 507: 60}  # seconds, for Retry-After


def refusing(code: int, sentence: str, page: Page) -> Page:
    """``page`` for people; for whoever calls the API ``sentence``, and no word of what went wrong."""

    def refuse(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if request.path.startswith(PROGRAMS):
            return problem(code, _(sentence))
        return page(request) if exception is None else page(request, exception)

    return refuse


bad_request = refusing(400, gettext_noop("This request cannot be read."), defaults.bad_request)
not_permitted = refusing(403, gettext_noop("You may not do this."), defaults.permission_denied)
not_found = refusing(404, gettext_noop("Not found."), defaults.page_not_found)


def server_error(request: HttpRequest) -> HttpResponse:
    """What a failure is answered with: a fault of ours, or that the database or a disk cannot be had just now."""
    failure = sys.exc_info()[1]  # Django asks for this answer while it handles what was raised
    if is_disk_full(failure):
        return unavailable(request, 507, gettext_noop("There is no room left to keep this. Try again later."))
    if isinstance(failure, AWAY):
        return unavailable(request, 503, gettext_noop("The database cannot be reached. Try again in a moment."))
    return refusing(500, gettext_noop("This failed here, not at your end. Try again later."), defaults.server_error)(
        request
    )


def unavailable(request: HttpRequest, code: int, sentence: str) -> HttpResponse:
    """Nothing was kept: whoever tries again does nothing twice."""

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(loader.render_to_string("503.html", {"sentence": _(sentence)}), status=code)

    answer = refusing(code, sentence, page)(request)
    answer["Retry-After"] = str(RETRY_S[code])
    return answer


def is_disk_full(failure: BaseException | None) -> bool:
    """Ours for files, or that of the database, which says so in words of its own."""
    if isinstance(failure, OSError):
        return failure.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(failure, OperationalError) and isinstance(failure.__cause__, DiskFull)
