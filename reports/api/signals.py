"""Early warnings by API: those that a person confirmed; with a token of scope queue:read, all of them."""

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view

from reports.api.reading import Listing
from reports.filters import SignalFilter
from reports.models import Signal
from reports.twins import SignalTwin


@extend_schema_view(
    get=extend_schema(
        operation_id="signals",
        summary="Early warnings",
        description="The newest first. Those that a person confirmed, about issues and artifacts with a page; with a "
        "token of scope queue:read all of them, whatever their state.",
    )
)
class SignalList(Listing):
    serializer_class = SignalTwin
    filterset_class = SignalFilter
    told_by = ("-opened_at", "detector")

    def get_queryset(self) -> "QuerySet[Signal]":
        rows = Signal.objects.visible_to(self.actor)
        return rows.select_related("issue", "artifact").order_by(F("opened_at").desc(), "detector")
