"""The one place that says whether an embargo holds. Nobody asks a clock for it.

An embargo has an end that people agreed on (``embargo_until``), and holds until somebody or something has lifted it:
that it ended is a fact that is stored (``embargo_lifted_at``), by ``triage.lifting`` alone. Whoever reads asks for the
fact, so that no clock that is wrong, and no two that differ, can show anything early.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


def under_embargo(row: str = "") -> Q:
    """Of rows that are under an embargo still; ``row`` leads to them, as in "report__"."""
    return Q(**{f"{row}embargo_until__isnull": False, f"{row}embargo_lifted_at__isnull": True})


def free_of_embargo(row: str = "") -> Q:
    """The opposite: none was set, or it was lifted."""
    return Q(**{f"{row}embargo_until__isnull": True}) | Q(**{f"{row}embargo_lifted_at__isnull": False})


class Embargoed(models.Model):
    """What nothing is public of before its embargo is lifted."""

    embargo_until = models.DateTimeField(null=True, blank=True)
    embargo_lifted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_embargoed(self) -> bool:
        return self.embargo_until is not None and self.embargo_lifted_at is None

    @property
    def embargo_end(self) -> datetime | None:
        """When it is to end; None where none holds."""
        return self.embargo_until if self.is_embargoed else None


def strictest(first: Embargoed, *others: Embargoed) -> dict[str, Any]:
    """Both columns where these become one: the latest end of those that hold; if none does, what ``first`` has."""
    ends = [each.embargo_end for each in (first, *others) if each.embargo_end]
    if not ends:
        return {"embargo_until": first.embargo_until, "embargo_lifted_at": first.embargo_lifted_at}
    return {"embargo_until": max(ends), "embargo_lifted_at": None}


def lifted_after_it_was_set(name: str) -> models.CheckConstraint:
    """For the tables: nothing is lifted that was never set."""
    return models.CheckConstraint(name=name, condition=Q(embargo_lifted_at=None) | Q(embargo_until__isnull=False))


class Timepiece(models.Model):
    """The clock of one machine since it was started, as far as sweeps have come to know it (``triage.timekeeping``).

    Seconds. ``offset`` is what its wall clock reads beyond the time since it was started, once that has proved steady:
    the two run at one pace, so whatever moves the difference has moved the hands.
    """

    boot = models.CharField(max_length=80, primary_key=True)
    offset = models.FloatField(null=True)
    seen = models.FloatField()  # the offset at the last sweep
    steady_since = models.FloatField()  # when that was first seen, on the clock that nobody sets
    swept = models.FloatField()  # when it was last seen, on that clock
    swept_at = models.DateTimeField(db_default=Now())  # which of several was last: decides nothing

    class Meta:
        constraints = [models.CheckConstraint(name="timepiece_goes_forward", condition=Q(swept__gte=F("steady_since")))]

    def __str__(self) -> str:
        return f"clock of {self.boot}"
