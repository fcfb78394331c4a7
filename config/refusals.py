"""What is refused before a view is found, or because one failed: a page for people, a problem document for programs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views import defaults

from reports.api.problems import problem

PROGRAMS = "/api/"
Page = Callable[..., HttpResponse]


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
    return refusing(500, gettext_noop("This failed here, not at your end. Try again later."), defaults.server_error)(
        request
    )
