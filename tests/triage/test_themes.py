"""Issues that tell of kindred failures come together, across families; what triagers are shown of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.models import Issue, Report
from triage import index, tasks, themes
from triage.bell import bell
from triage.models import Theme, ThemeIssue

pytestmark = pytest.mark.django_db

HELPLINES = (
    "The helpline number it gave for the night shift belongs to a tyre shop, and nobody answers there.",
    "It made up a helpline number again; the emergency helpline it named rings at a bakery.",
    "Asked for a crisis helpline. The helpline number was invented and rings at a private flat.",
)
CITATIONS = (
    "The court ruling it cites was never made; judge and date of the ruling are invented.",
    "It cites a ruling of the tenancy court that no register of rulings knows.",
)
File = Callable[..., Report]


def issue_of(report: Report) -> Issue:
    return Issue.objects.get(placements__report=report, placements__superseded_at=None)


@pytest.fixture
def filed(file: File) -> Callable[..., Issue]:
    """The issue of a report on a model of its own family, so that only a theme can bring it to others."""

    def made(text: str, artifact: str, **changes: Any) -> Issue:
        return issue_of(file(artifact=artifact, version="", summary=text[:60], what_happened=text, **changes))

    return made


def theme_of(issue: Issue) -> int:
    return ThemeIssue.objects.get(issue=issue).theme_id


def test_kindred_issues_of_several_families_share_a_theme(filed: Callable[..., Issue]) -> None:
    helplines = [filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES)]
    citations = [filed(text, f"acme/lawyer-{number}") for number, text in enumerate(CITATIONS)]

    assert themes.place_waiting(most=10) == 5

    assert len({theme_of(issue) for issue in helplines}) == 1
    assert len({theme_of(issue) for issue in citations}) == 1
    assert theme_of(helplines[0]) != theme_of(citations[0])


def test_an_issue_is_placed_once_and_the_oldest_first(filed: Callable[..., Issue]) -> None:
    first, second = (filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES[:2]))

    assert themes.place_waiting(most=1) == 1
    assert ThemeIssue.objects.get().issue == first
    assert not themes.place(first.pk)
    assert themes.place_waiting(most=10) == 1
    assert theme_of(first) == theme_of(second)


def test_a_dismissed_issue_neither_waits_nor_draws_others(filed: Callable[..., Issue]) -> None:
    now = timezone.now()
    first, second = (filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES[:2]))
    themes.place(first.pk)
    Issue.objects.filter(pk=first.pk).update(status="dismissed", dismissal="spam", dismissed_at=now)

    themes.place_waiting(most=10)

    assert theme_of(first) != theme_of(second)


def test_of_two_themes_that_meet_the_older_stays_and_the_younger_leads_there(filed: Callable[..., Issue]) -> None:
    issues = [filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES)]
    older, younger = Theme.objects.create(), Theme.objects.create()
    youngest = Theme.objects.create(merged_into=younger)
    for theme, issue in zip((older, younger, younger), issues, strict=True):
        ThemeIssue.objects.create(theme=theme, issue=issue, score=0, method="theme-1")

    themes.link([younger.pk])

    assert {theme_of(issue) for issue in issues} == {older.pk}
    assert set(Theme.objects.filter(merged_into=older)) == {younger, youngest}


def test_a_member_goes_where_it_is_more_at_home(filed: Callable[..., Issue]) -> None:
    helplines = [filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES)]
    stray, *citations = (filed(text, f"acme/other-{n}") for n, text in enumerate((HELPLINES[0], *CITATIONS)))
    homes = [Theme.objects.create(), Theme.objects.create()]
    for theme, issues in zip(homes, (helplines, [stray, *citations]), strict=True):
        for issue in issues:
            ThemeIssue.objects.create(theme=theme, issue=issue, score=0, method="theme-1")

    themes.rehome({homes[1].pk}, {theme.pk for theme in homes}, themes.rarity_by(index.rarities()))

    assert theme_of(stray) == homes[0].pk
    assert {theme_of(issue) for issue in citations} == {homes[1].pk}


def test_an_issue_that_became_part_of_another_leaves_its_theme(filed: Callable[..., Issue]) -> None:
    kept, merged = (filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES[:2]))
    themes.place_waiting(most=10)
    Issue.objects.filter(pk=merged.pk).update(status="merged", merged_into=kept)

    themes.link([])

    assert list(ThemeIssue.objects.values_list("issue", flat=True)) == [kept.pk]


def test_only_themes_that_changed_are_looked_at_again(filed: Callable[..., Issue]) -> None:
    issue = filed(HELPLINES[0], "acme/helper")
    themes.place_waiting(most=10)
    then = timezone.now()

    assert themes.changed_themes(since=then - timedelta(hours=1)) == [theme_of(issue)]
    assert themes.changed_themes(since=then) == []
    assert themes.changed_themes(since=then - timedelta(hours=1), after=theme_of(issue)) == []


def test_nothing_is_linked_where_nothing_is() -> None:
    themes.link([])

    assert themes.place_waiting(most=10, everywhere=True) == 0


def test_the_night_takes_a_hundred_at_a_time_and_rings_for_the_rest(
    filed: Callable[..., Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks, "LINKED_AT_MOST", 1)
    monkeypatch.setattr(bell, "ring", lambda task, theme_id: rung.append(theme_id))
    issues = [filed(text, "acme/helper") for text in (HELPLINES[0], CITATIONS[0])]

    tasks.link_themes()
    tasks.link_themes(rung[0])
    tasks.link_themes(rung[1])

    assert rung == sorted(theme_of(issue) for issue in issues)


def test_themes_give_way_while_reports_wait_to_be_grouped(
    filed: Callable[..., Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PLACED_AT_ONCE", 1)
    monkeypatch.setattr(tasks, "PLACING_S", 3_600)
    *_, last = [filed(text, f"acme/helper-{number}") for number, text in enumerate(HELPLINES)]
    waiting = Report.objects.filter(placements__issue=last)
    waiting.update(grouped_at=None)

    tasks.place_in_themes()
    assert ThemeIssue.objects.count() == 1

    waiting.update(grouped_at=timezone.now())
    tasks.place_in_themes()
    assert ThemeIssue.objects.count() == 3


# The page


@pytest.fixture
def desk(client: Client, triager: Any) -> Client:
    client.force_login(triager)
    return client


def test_a_card_tells_what_grows(desk: Client, filed: Callable[..., Issue]) -> None:
    issues = [filed(text, f"acme/helper-{n}", network=f"192.0.{n}.1") for n, text in enumerate(HELPLINES)]
    themes.place_waiting(most=10)

    response = desk.get(reverse("themes"))

    (card,) = response.context["cards"]
    assert card.title == HELPLINES[0][:60]
    assert [issue for issue, _ in card.issues] == issues
    assert (card.voices, card.week, card.month, card.families) == (3, 3, 3, 3)
    assert card.artifacts == ["acme/helper-0", "acme/helper-1", "acme/helper-2"]
    assert desk.get(reverse("theme", args=[theme_of(issues[0])])).context["card"] == card


def test_one_person_in_three_issues_is_one_voice(
    desk: Client, filed: Callable[..., Issue], someone: Callable[..., Any]
) -> None:
    from accounts.actors import actor_for

    account = actor_for(someone())
    for number, text in enumerate(HELPLINES):
        filed(text, f"acme/helper-{number}", actor=account)
    themes.place_waiting(most=10)

    assert Theme.objects.count() == 1
    assert desk.get(reverse("themes"), {"all": "1"}).context["cards"] == []


def test_three_voices_in_one_issue_are_no_theme_to_watch(desk: Client, file: File) -> None:
    for _ in range(3):
        file()
    themes.place_waiting(most=10)

    assert "No theme holds three voices yet." in desk.get(reverse("themes"), {"all": "1"}).content.decode()


def test_a_theme_that_became_part_of_another_leads_there(desk: Client, filed: Callable[..., Issue]) -> None:
    themes.place(filed(HELPLINES[0], "acme/helper").pk)
    stayed = Theme.objects.get()
    gone = Theme.objects.create(merged_into=stayed)

    assert desk.get(reverse("theme", args=[gone.pk])).headers["Location"] == reverse("theme", args=[stayed.pk])
    assert desk.get(reverse("theme", args=[Theme.objects.create().pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_often_for_many_themes_as_for_one(
    desk: Client, filed: Callable[..., Issue], django_assert_max_num_queries: Any, count: int
) -> None:
    for theme in range(count):
        made = Theme.objects.create()
        for number, text in enumerate(HELPLINES):
            issue = filed(text, f"acme/helper-{theme}-{number}")
            ThemeIssue.objects.create(theme=made, issue=issue, score=0, method="theme-1")

    with django_assert_max_num_queries(14):
        assert len(desk.get(reverse("themes")).context["cards"]) == count
