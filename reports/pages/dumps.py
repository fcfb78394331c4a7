"""The record as files: what there is, and the files themselves. The same for everybody."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from reports.conditional import public_page, unless_known
from reports.dump import LATEST, SUMS, File, changed_at, files
from reports.exporters.tables import COLUMNS

TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


@open_to_all
@require_safe
def dumps(request: HttpRequest) -> HttpResponse:
    kept = {each.name: each for each in files()}
    told = {
        "tables": [table_of(table, kept) for table in COLUMNS if f"{table}.csv" in kept],
        "sums": told_of(kept[SUMS]) if kept else None,
        "changed": changed_at(),
        "licence": settings.DUMPS_LICENCE,
        "total": sum(each.size for each in kept.values()),
    }
    return public_page(request, "reports/dumps.html", told, address=f"{settings.SITE_URL}{reverse('dumps')}{LATEST}/")


def table_of(table: str, kept: dict[str, File]) -> dict[str, object]:
    """A table in its two forms; its schema says what its columns hold."""
    return {
        "name": table,
        "columns": ", ".join(COLUMNS[table]),
        "schema": reverse("schema", args=[f"dump-{table}"]),
        "files": [told_of(kept[f"{table}.{ending}"]) for ending in TYPES],
    }


def told_of(file: File) -> dict[str, object]:
    return {"name": file.name, "size": file.size, "digest": file.digest, "href": reverse("dump", args=[file.name])}


@open_to_all
@require_safe
def dump(request: HttpRequest, name: str) -> HttpResponseBase:
    """A file of the dump that is kept. Its digest is its tag: while the record does not change, neither does that."""
    file = next((each for each in files() if each.name == name), None)
    if file is None:
        raise Http404

    def make() -> FileResponse:
        try:
            opened = file.path.open("rb")
        except FileNotFoundError:  # another took its place just now
            raise Http404 from None
        kind = TYPES.get(name.rpartition(".")[2], "text/plain; charset=utf-8")
        return FileResponse(opened, content_type=kind, as_attachment=True, filename=f"telltale-{name}")

    return unless_known(request, f'"{file.digest}"', make)
