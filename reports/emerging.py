"""What is emerging: early warnings that a person has confirmed, about issues and artifacts with a page."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.policy import Actor
from reports.measured import Measured, measured
from reports.models import Signal, Version
from reports.models.artifact import ArtifactQuerySet
from reports.models.warning import SignalQuerySet
from reports.record import artifacts_with_pages, issues_on_record
from reports.vocabulary import ContextOfUse, Kind, SignalReason

NOT_A_RATE = gettext_lazy("Reported more often than expected among reports here; not a rate of failure.")
MOST_SPANS = 28  # bars of a chart: four weeks of days, half a year of weeks
SPARK = 12  # of the line in a list
WEEK = 7
Detector, State = Signal.Detector, Signal.State
# What each detector sees, as a heading, and in a sentence.
SEEN: Mapping[str, tuple[Promise, Promise]] = {
    Detector.SEVERITY: (
        pgettext_lazy("signals", "Grave harm"),
        gettext_lazy("A report tells of a harm that a person looks at whatever the counts."),
    ),
    Detector.BURST: (
        pgettext_lazy("signals", "Burst"),
        gettext_lazy("More people told of it within days than the weeks before let expect."),
    ),
    Detector.EMERGENCE: (
        pgettext_lazy("signals", "New and fast"),
        gettext_lazy("It is new, and more people told of it within days than of most others when they began."),
    ),
    Detector.SPREAD: (
        pgettext_lazy("signals", "Further afield"),
        gettext_lazy("What was known elsewhere is told of here too."),
    ),
    Detector.DISPROPORTION: (
        pgettext_lazy("signals", "Out of proportion"),
        gettext_lazy("This kind of failure is told of more often here than of the others."),
    ),
    Detector.RELEASE: (
        pgettext_lazy("signals", "Since a release"),
        gettext_lazy("More is told of this kind of failure since a release, by day and as a share."),
    ),
}


def seen_by(detector: str) -> str:
    """What it sees, as a heading."""
    return str(SEEN[detector][0]) if detector in SEEN else detector


def told_by(detector: str) -> str:
    """The same in a sentence."""
    return str(SEEN[detector][1]) if detector in SEEN else ""


def counts_reports(detector: str) -> bool:
    """Whether what it observed are reports and no voices: of grave harm each one is looked at, whoever told of it."""
    return detector == Detector.SEVERITY


@dataclass(frozen=True, slots=True)
class Emerging:
    """One signal: ``observed`` were seen where ``expected`` were, since a day; 0 where nothing is expected of it."""

    title: str
    detector: str
    severity: str
    observed: float
    expected: float
    since: date
    get_absolute_url: str

    @classmethod
    def of(cls, signal: Signal) -> "Emerging":
        about = signal.issue or signal.artifact
        assert about is not None  # noqa: S101 -- visible_to asks for one of them
        return cls(
            title=signal.issue.public_title if signal.issue else title_of_cell(signal),
            detector=signal.detector,
            severity=signal.issue.severity if signal.issue else "",
            observed=signal.observed,
            expected=signal.expected,
            since=signal.since,
            get_absolute_url=about.get_absolute_url(),
        )

    @property
    def seen(self) -> str:
        return seen_by(self.detector)

    @property
    def voices(self) -> int:
        return round(self.observed)

    @property
    def counts_reports(self) -> bool:
        return counts_reports(self.detector)


@dataclass(frozen=True, slots=True)
class Span:
    """One bar of a chart: voices on the days from ``start`` on, and what was to be expected of so many days."""

    start: date
    count: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Release:
    on: date
    name: str


@dataclass(frozen=True, slots=True)
class Driver:
    """An issue behind a signal, and how many of its voices are told there."""

    number: str
    title: str
    voices: int
    href: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the comparison of observed with expected, as ``components/forest.html`` draws it."""

    words: str
    ratio: float
    low: float | None
    high: float | None
    is_usual: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal as a page tells it: as it stood when it was judged, or as it stands, in plain values."""

    pk: int
    title: str
    about: str
    name: str
    href: str
    language: str
    origin: str
    detector: str
    tier: str
    state: str
    reason: str
    confirmed_on: date | None
    since: date
    observed: float
    expected: float
    report_count: int | None
    window_days: int
    ratios: tuple[Ratio, ...]
    usual: tuple[float, float] | None
    drivers: tuple[Driver, ...]
    stands_without_first: bool | None
    launch: float
    before: tuple[int, float] | None
    spans: tuple[Span, ...]
    span_days: int
    releases: tuple[Release, ...]

    @property
    def seen(self) -> str:
        return seen_by(self.detector)

    @property
    def sentence(self) -> str:
        return told_by(self.detector)

    @property
    def voices(self) -> int:
        """How many were observed."""
        return round(self.observed)

    @property
    def counts_reports(self) -> bool:
        return counts_reports(self.detector)

    @property
    def counts(self) -> list[int]:
        """Of the last spans, for a line in a list."""
        return [span.count for span in self.spans[-SPARK:]]

    @property
    def most_expected(self) -> float | None:
        """The highest count of a span that is no surprise."""
        return self.spans[-1].high if self.spans else None

    @property
    def because(self) -> str:
        return str(SignalReason(self.reason).label) if self.reason in SignalReason.values else ""


def emerging(actor: Actor, *, most: int) -> list[Emerging]:
    """The signals that were confirmed last, whoever looks: also a triager is shown none that nobody confirmed."""
    return [Emerging.of(signal) for signal in confirmed(actor)[:most]]


def confirmed(actor: Actor) -> SignalQuerySet:
    """Signals with a page, those that were confirmed last first."""
    issues, artifacts = issues_on_record(actor).order_by().values("pk"), artifacts_with_pages(actor).values("pk")
    of_a_page = Q(issue=None, artifact__in=artifacts) | Q(issue__in=issues)
    rows = Signal.objects.visible_to(actor).filter(of_a_page, state=State.CONFIRMED)
    return rows.select_related("issue__family", "artifact").order_by(F("judged_at").desc(nulls_last=True), "-pk")


@dataclass(frozen=True, slots=True)
class About:
    """What a signal is about, as its reader may know it. ``kind``: "issue", "artifact" or "theme"."""

    title: str
    kind: str
    name: str
    href: str


def shown(signals: Iterable[Signal], actor: Actor) -> list[Shown]:
    """The signals of a page, ready to be told to ``actor``, in three queries however many they are."""
    told = [(signal, measured(signal)) for signal in signals]
    wanted = {pk for _signal, numbers in told for pk, _voices in numbers.drivers}
    issues = issues_on_record(actor).prefetch_related(None).in_bulk(wanted) if wanted else {}
    releases, origins = released([signal for signal, _n in told]), origins_of(told, artifacts_with_pages(actor))
    return [
        told_as(
            signal,
            numbers,
            about_in_public(signal),
            drivers=[
                Driver(issue.number or "", issue.public_title, voices, issue.get_absolute_url())
                for pk, voices in numbers.drivers
                if voices and (issue := issues.get(pk)) is not None and issue.number
            ],
            releases=releases.get(signal.artifact_id or 0, ()),
            origin=origins.get(signal.cell.get("origin"), ""),
            with_days=bool(signal.issue_id) or _all_read(numbers.known_issues, issues),  # else they tell of others
        )
        for signal, numbers in told
    ]


def _all_read(behind: Collection[int] | None, issues: Container[int]) -> bool:
    """Whether it is known which issues are behind a signal, and that all of them may be read."""
    return behind is not None and all(pk in issues for pk in behind)


def about_in_public(signal: Signal) -> About:
    if signal.issue is not None:
        return About(signal.issue.public_title, "issue", str(signal.issue), signal.issue.get_absolute_url())
    assert signal.artifact is not None  # noqa: S101 -- confirmed() asks for one of them
    return About(title_of_cell(signal), "artifact", str(signal.artifact), signal.artifact.get_absolute_url())


def title_of_cell(signal: Signal) -> str:
    """The kind of failure and the artifact; the artifact alone where no kind is named."""
    kind = signal.cell.get("kind")
    named = [str(Kind(kind).label)] if kind in Kind.values else []
    context = signal.cell.get("context")
    named += [str(ContextOfUse(context).label)] if context in ContextOfUse.values else []
    return " · ".join([*named, *([str(signal.artifact)] if signal.artifact else [])])


def told_as(
    signal: Signal,
    numbers: Measured,
    about: About,
    *,
    drivers: Sequence[Driver],
    releases: Sequence[Release],
    origin: str = "",
    with_days: bool = True,
) -> Shown:
    """The signal in plain values. ``origin`` is where its failure was known from."""
    return Shown(
        pk=signal.pk,
        title=about.title,
        about=about.kind,
        name=about.name,
        href=about.href,
        language=str(signal.cell.get("language") or ""),
        origin=origin,
        detector=signal.detector,
        tier=signal.tier,
        state=signal.state,
        reason=signal.reason,
        confirmed_on=signal.judged_at.date() if signal.judged_at and signal.state == State.CONFIRMED else None,
        since=signal.since,
        observed=signal.observed,
        expected=signal.expected,
        report_count=numbers.report_count,
        window_days=numbers.window_days,
        ratios=tuple(ratios_of(numbers)),
        usual=usual_of(signal, numbers),
        drivers=tuple(drivers),
        stands_without_first=numbers.stands_without_first,
        launch=numbers.launch,
        before=numbers.before,
        spans=tuple(spans_of(signal, numbers)) if with_days else (),
        span_days=span_days(numbers),
        releases=tuple(releases),
    )


def origins_of(told: Iterable[tuple[Signal, Measured]], artifacts: ArtifactQuerySet) -> dict[int, str]:
    """The names of artifacts that failures are known from, of those among ``artifacts``."""
    wanted = {pk for signal, _numbers in told if (pk := signal.cell.get("origin"))}
    return {artifact.pk: str(artifact) for artifact in artifacts.filter(pk__in=wanted)} if wanted else {}


def ratios_of(numbers: Measured) -> list[Ratio]:
    """Observed over expected with its interval; nothing where there is nothing to compare with."""
    if numbers.ends is None:
        return []
    low, high = numbers.ends
    return [Ratio(_("Observed"), numbers.ratio, low, high, numbers.is_usual)]


def usual_of(signal: Signal, numbers: Measured) -> tuple[float, float] | None:
    """Between which counts 95 of 100 would lie if nothing had changed."""
    if not numbers.is_usual or numbers.ends is None:
        return None
    low, high = (end or 0.0 for end in numbers.ends)
    return low * signal.expected, high * signal.expected


def span_days(numbers: Measured) -> int:
    """How many days each bar of a chart lasts: as many as were counted, else a week."""
    return numbers.window_days if 0 < numbers.window_days <= WEEK else WEEK


def spans_of(signal: Signal, numbers: Measured) -> list[Span]:
    """The days that the detector counted in bars, the oldest first, each with what was usual of as many days.

    The last ends with the day on which the signal was last measured: what is expected of it is the signal's own.
    """
    days, series = span_days(numbers), numbers.series
    if series is None:
        return []
    is_window = numbers.window_days == days
    low, high = (usual_of(signal, numbers) if is_window else None) or (None, None)
    spans = []
    for back in reversed(range(min(len(series.voices) // days, MOST_SPANS))):
        end = len(series.voices) - back * days
        told = series.expected[end - days : end]
        expected = signal.expected if is_window and not back else sum(told) if told else None
        start = series.start + timedelta(days=end - days)
        spans.append(Span(start, sum(series.voices[end - days : end]), expected, low, high))
    return spans


def released(signals: Sequence[Signal]) -> dict[int, list[Release]]:
    """The releases of the artifacts that signals are about, by the artifact, the oldest first.

    Only those with a place in the order: other names were typed by reporters, and nobody has looked at them.
    """
    about = {signal.artifact_id for signal in signals if signal.artifact_id}
    found: dict[int, list[Release]] = defaultdict(list)
    rows = Version.objects.filter(artifact__in=about, released_on__isnull=False, position__isnull=False)
    for version in rows.order_by("released_on", "pk") if about else ():
        assert version.released_on is not None  # noqa: S101 -- asked for
        found[version.artifact_id].append(Release(version.released_on, version.name))
    return found
