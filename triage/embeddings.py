"""What reports mean, as vectors: which embedder counts, encoding reports, finding the nearest, catching up.

The embedder is a guest. It is asked before the transaction that groups and never inside one, never by a page; and when
it is away, grouping goes on by words and the sweep makes up for what is missing.
"""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from threading import Lock

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from reports.models import Evidence, Report
from reports.text import is_everyday
from triage import index
from triage.embedders.choosing import embedder_of
from triage.embedders.languages import can_read, languages_named
from triage.embedders.protocol import Embedder, EmbedderUnavailable, Vectors
from triage.grouping.fields import Fields, read
from triage.models import EmbeddingSpace
from triage.reading import common_among, family_of, fields_of, masks_of
from triage.vectors import Table

BATCH = 32  # reports encoded together
REST_S = 30.0  # after a failure the embedder is left alone this long, for a report that waits for it waits seconds
SWEEP_S = 10.0  # what one sweep gives to catching up: half of one thread of a worker
SETTLED = timedelta(minutes=10)  # no filing that began earlier is still to be committed
LONGEST_NAME = 200  # of EmbeddingSpace.embedder
log = structlog.get_logger()


class Rest:
    """Whether the embedder is being left alone after a failure. Of this process only: each finds out for itself."""

    def __init__(self) -> None:
        self.until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self.until

    def begin(self, reason: EmbedderUnavailable) -> None:
        self.until = time.monotonic() + REST_S
        log.warning("embedder.unavailable", reason=str(reason), rest_s=REST_S)


rest = Rest()
_loading = Lock()


def active() -> Embedder | None:
    """The embedder that counts in grouping now: set, here, and all reports read by it. None: words only."""
    if not settings.EMBEDDER:
        return None
    embedder = reachable()
    if embedder is None:
        return None
    space = space_of(embedder)
    return embedder if space and space.ready_at else None


def embed(report_ids: Sequence[int]) -> int:
    """Encode and keep what is missing of these reports. Returns how many; fewer, and no error, if it is away.

    Not to be called inside a transaction that others wait for: it takes tens of milliseconds a report, and as long as
    the time-out allows if the embedder is a server that hangs.
    """
    embedder = reachable() if settings.EMBEDDER else None
    space = space_of(embedder) if embedder else None
    if embedder is None or space is None:
        return 0
    table = table_of(space)
    known = table.known(report_ids)
    try:
        return store([report_id for report_id in report_ids if report_id not in known], embedder, table)
    except EmbedderUnavailable as reason:
        rest.begin(reason)
        return 0


def vectors_of(report_ids: Sequence[int]) -> dict[int, Vectors]:
    """The vector of each report that has one, of unit length; the others are left out."""
    space = ready_space()
    return table_of(space).read(report_ids) if space else {}


def neighbours(whole: Vectors, *, family_id: int | None, exclude: int, most: int) -> list[int]:
    """Ids of the reports nearest in meaning, best first, ties to the older; ``family_id`` None: site-wide."""
    space = ready_space()
    return table_of(space).nearest(whole, family_id=family_id, exclude=exclude, most=most) if space else []


def progress() -> tuple[int, int]:
    """How many reports the embedder that is set has looked at, and how many there are. Counts them all."""
    embedder = reachable() if settings.EMBEDDER else None
    space = space_of(embedder) if embedder else None
    return (table_of(space).counts()[0] if space else 0), Evidence.objects.count()


def move(report_ids: Sequence[int], family_id: int) -> None:
    """Reports whose family is another from now on."""
    for space in EmbeddingSpace.objects.all():
        table_of(space).move(report_ids, family_id)


def forget(report_ids: Sequence[int]) -> None:
    """Part of erasure, for those whose words stay as an empty row; with the row the vectors go by themselves."""
    for space in EmbeddingSpace.objects.all():
        table_of(space).forget(report_ids)


def maintain() -> None:
    """What the sweep does for the vectors: catches up for some seconds. Raises nothing when the embedder is away."""
    if not settings.EMBEDDER:
        no_other_counts(None)
    elif not rest.is_on:
        try:
            catch_up(within_s=SWEEP_S)
        except EmbedderUnavailable as reason:
            rest.begin(reason)


def catch_up(*, within_s: float | None = None, told: Callable[[int], None] = lambda _count: None) -> EmbeddingSpace:
    """Encode what is missing, oldest first, and flip when nothing is: from then on the vectors count in grouping.

    Without ``within_s`` it waits for whoever is at it already and goes on to the end. ``told`` hears how many reports
    each step stored. Raises EmbedderUnavailable.
    """
    deadline = time.monotonic() + within_s if within_s is not None else None
    embedder, space = switch_on()
    table = table_of(space)
    with table.filled_by_us(wait=within_s is None) as is_ours:
        if not is_ours:
            return space
        after = int(cache.get(table.name) or 0)
        settled = newest_settled()
        while missing := table.missing(after=after, most=BATCH):
            told(store(missing, embedder, table))
            table.grow_index()
            after = missing[-1]
            if deadline is not None and time.monotonic() > deadline:
                return space
        cache.set(table.name, settled, timeout=None)
    if space.ready_at is None:
        flip(space)
    return space


def switch_on() -> tuple[Embedder, EmbeddingSpace]:
    """The embedder that is set, loaded, with its table made. No other's vectors count from now on.

    Raises EmbedderUnavailable, saying what to do.
    """
    embedder = load()
    space = space_of(embedder) or make_space(name_of(embedder), embedder.dimension)
    no_other_counts(space)
    return embedder, space


def make_space(name: str, dimension: int) -> EmbeddingSpace:
    table = Table(table_name(name), dimension)
    with table.filled_by_us(wait=True), transaction.atomic():
        table.make()
        space, _ = EmbeddingSpace.objects.get_or_create(
            embedder=name, defaults={"dimension": dimension, "table": table.name}
        )
    return space


def flip(space: EmbeddingSpace) -> None:
    space.ready_at = timezone.now()
    space.save(update_fields=["ready_at"])


def no_other_counts(space: EmbeddingSpace | None) -> None:
    """Vectors of an embedder that is not set any more miss what has come since. They are kept, should it return."""
    others = EmbeddingSpace.objects.filter(ready_at__isnull=False)
    (others.exclude(pk=space.pk) if space else others).update(ready_at=None)


def drop(space: EmbeddingSpace) -> None:
    """Throw the vectors away."""
    table = table_of(space)
    with transaction.atomic():
        table.drop()
        space.delete()
    cache.delete(table.name)


def store(report_ids: Sequence[int], embedder: Embedder, table: Table) -> int:
    """Encode these reports and keep what comes of it. Returns how many were not there before."""
    reports = list(
        Report.objects.filter(pk__in=report_ids, evidence__isnull=False)
        .select_related("artifact", "version", "evidence", "evidence_key")
        .prefetch_related("artifact__aliases")
        .order_by("pk")
    )
    rarities = index.rarities()
    texts = [text_to_read(report, rarities) for report in reports]
    readable = [
        at for at, report in enumerate(reports) if can_read(embedder.languages, texts[at], said=report.language)
    ]
    rows = embedder.encode([texts[at] for at in readable]) if readable else None
    if rows is not None and rows.shape[1] != table.dimension:
        raise EmbedderUnavailable(
            f"The embedder's vectors had {table.dimension} numbers and now have {rows.shape[1]}: another model answers "
            "under the same name. Run “manage.py embed --afresh” if that is meant."
        )
    made = dict(zip(readable, rows, strict=True)) if rows is not None else {}
    return table.store(
        [report.pk for report in reports],
        [family_of(report) for report in reports],
        [made.get(at) for at in range(len(reports))],
    )


def text_to_read(report: Report, rarities: index.Rarities) -> str:
    is_common = common_among(rarities, version=report.version.name if report.version else "")
    return text_of(fields_of(report.evidence), masks=masks_of(report), is_common=is_common)


def text_of(fields: Fields, *, masks: Sequence[str], is_common: Callable[[str], bool] = is_everyday) -> str:
    """What is encoded of a report: all the engine reads of it, with what went wrong before what led there.

    ``is_common`` is explained at ``reports.text.mask``.

    >>> text_of(Fields(title="Acme-7B  cites a ruling", happened="None such."), masks=["acme-7b"])
    'cites a ruling\\nnone such.'
    """
    first = read(fields.title, masks=masks, is_common=is_common)
    others = (fields.happened, fields.output, fields.expected, fields.prompt)
    texts = [first, *(read(text, masks=masks, about=fields.title, is_common=is_common) for text in others)]
    lines = (" ".join(text.split()) for text in texts)
    return "\n".join(line for line in lines if line)


# Which embedder, and where its vectors are


def reachable() -> Embedder | None:
    """The embedder that is set, unless it cannot be had or is being left alone."""
    if rest.is_on:
        return None
    try:
        return load()
    except EmbedderUnavailable as reason:
        rest.begin(reason)
        return None


def load() -> Embedder:
    """The embedder that is set; loaded once in a process. Raises EmbedderUnavailable."""
    if not settings.EMBEDDER:
        raise EmbedderUnavailable("No embedder is set. Name one in EMBEDDER, see docs/settings.md.")
    with _loading:
        return _loaded(settings.EMBEDDER, tuple(settings.EMBEDDER_LANGUAGES))


@lru_cache(maxsize=1)
def _loaded(spec: str, tags: tuple[str, ...]) -> Embedder:
    return embedder_of(
        spec,
        languages=languages_named(tags) if tags else None,
        hub=settings.EMBEDDER_HUB,
        api_key=settings.EMBEDDER_API_KEY,
    )


def name_of(embedder: Embedder) -> str:
    """The embedder and the languages it is asked to read: other languages mean other reports with vectors."""
    name = f"{embedder.id} ({' '.join(sorted(embedder.languages)) or '*'})"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 17]}…{digest(name)}"


def table_name(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"embedding_{slug[:28]}_{digest(name)[:10]}"  # within the 63 bytes of a name, with its indexes' endings


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def space_of(embedder: Embedder) -> EmbeddingSpace | None:
    return EmbeddingSpace.objects.filter(embedder=name_of(embedder)).first()


def ready_space() -> EmbeddingSpace | None:
    return EmbeddingSpace.objects.filter(ready_at__isnull=False).first()


def table_of(space: EmbeddingSpace) -> Table:
    return Table(space.table, space.dimension)


def newest_settled() -> int:
    """The id up to which every report that will ever be there is there."""
    settled = Report.objects.filter(filed_at__lt=timezone.now() - SETTLED).order_by("-pk")
    return settled.values_list("pk", flat=True).first() or 0
