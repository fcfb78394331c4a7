"""Letting go of the bytes of imports: what has ended, what was begun and left, what no row wants."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from reports import quarantine
from reports.models import Import
from reports.quarantine import Room
from reports.vocabulary import ImportState

KEPT = timedelta(days=7)  # for the rest of an upload to come, and for a rehearsal to be done for real
REMEMBERED = timedelta(days=365)  # counts and rejections of what has ended
ADRIFT_AFTER = timedelta(hours=1)  # a file without a row by then will never get one
AT_ONCE = 1_000


def let_go(row: Import) -> None:
    """Forget the bytes of an import whose row is held; they go once that has committed."""
    names = [name for name in (row.file, row.units) if name]
    row.file = row.units = ""
    row.save(update_fields=["file", "units"])
    transaction.on_commit(lambda: drop(*names))


def drop(*names: str) -> None:
    for name in names:
        quarantine.drop(name, Room.IMPORTS)


def forget_imports_of(user: User) -> None:
    """Before an account is closed, in the same transaction: the rows go with it, and the bytes once it is gone."""
    names = [name for pair in Import.objects.filter(account=user).values_list("file", "units") for name in pair if name]
    transaction.on_commit(lambda: drop(*names))


def tidy() -> int:
    """Let go of what was abandoned and of bytes that no row wants, and say how many files the latter were.

    Safe at any time, and twice.
    """
    _let_go_of_abandoned()
    Import.objects.filter(ended_at__lt=timezone.now() - REMEMBERED).delete()
    names = list(quarantine.names_in(Room.IMPORTS, older_than_s=ADRIFT_AFTER.total_seconds()))
    deleted = 0
    for at in range(0, len(names), AT_ONCE):
        some = set(names[at : at + AT_ONCE])
        wanted = Import.objects.filter(Q(file__in=some) | Q(units__in=some)).values_list("file", "units")
        adrift = some - {name for pair in wanted for name in pair}
        drop(*adrift)
        deleted += len(adrift)
    return deleted


def _let_go_of_abandoned() -> None:
    late = timezone.now() - KEPT
    left = Q(state=ImportState.UPLOADING, changed_at__lt=late) | Q(ended_at__lt=late) & ~Q(file="", units="")
    for pk in Import.objects.filter(left).values_list("pk", flat=True)[:AT_ONCE]:
        with transaction.atomic():
            row = Import.objects.select_for_update(skip_locked=True).filter(left, pk=pk).first()
            if row is None:  # whoever sends it has come back just now
                continue
            if row.state == ImportState.UPLOADING:
                row.state, row.ended_at = ImportState.CANCELLED, timezone.now()
                row.save(update_fields=["state", "ended_at"])
            let_go(row)
