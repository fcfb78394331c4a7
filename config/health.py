"""Whether this site lives and is ready to serve, and the door to its figures: what machines ask, by whichever name."""

from collections.abc import Callable
from ipaddress import ip_address

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from accounts.network import network_of
from accounts.policy import Act, allows
from accounts.tokens import actor_of_token
from config import metrics
from config.patience import within

PATIENCE_S = 3.0  # for the database, to say whether we are ready
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BY_PROXY = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


class ProbesMiddleware:
    """Answers machines before anything looks at the name they call us by, which is often an address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/health/live/":  # of this process alone
            return JsonResponse({"live": True})
        if request.path == "/health/ready/":
            return ready(request)
        if request.path == "/metrics":
            return told_in_figures(request)
        return self.get_response(request)


def database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def cache_answers() -> bool:
    cache.get("health")
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "migrations": is_migrated,
    "cache": cache_answers,
}


def checked() -> dict[str, bool]:
    results = {}
    for name, check in CHECKS.items():
        try:
            results[name] = check()
        except DatabaseError:
            results[name] = False
    return results


@open_to_all
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 if every check passes, else 503; each check by name. A database that hangs is no database."""
    try:
        results = within(PATIENCE_S, checked)
    except TimeoutError:
        results = dict.fromkeys(CHECKS, False)
    healthy = all(results.values())
    return JsonResponse({"ready": healthy, "checks": results}, status=200 if healthy else 503)


@open_to_all
@never_cache
@require_safe
def told_in_figures(request: HttpRequest) -> HttpResponse:
    """The figures of ``config.metrics``, for whoever may read them; for others there is no such page."""
    if not may_read_figures(request):
        raise Http404
    try:
        text = within(PATIENCE_S, metrics.told)
    except (DatabaseError, TimeoutError):
        return HttpResponse("The database does not answer.\n", content_type="text/plain", status=503)
    return HttpResponse(text, content_type=METRICS_TYPE)


def may_read_figures(request: HttpRequest) -> bool:
    """Whether they ask from this machine itself, past no proxy, or by a token with the scope metrics:read."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = actor_of_token(token.strip())
        return found is not None and allows(found[1], Act.READ_METRICS)
    return is_loopback(network_of(request)) and not any(name in request.headers for name in BY_PROXY)


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
