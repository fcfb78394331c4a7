"""The list of one's own reports."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.actors import actor_for
from reports.adopting import adopt
from reports.models import Message, Report
from reports.standing import issue_of
from reports.withdrawing import withdraw
from triage.decisions import decide

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
COST = 8  # session, account, roles; how many, the page, their issues, what is public of those; unread notices


@pytest.fixture
def mine(file: Make, rosa: Any, artifact: Any) -> Make:
    def filed(**changes: Any) -> Report:
        report: Report = file(actor=actor_for(rosa), **changes)
        return report

    return filed


def page(client: Client, address: str = "/reports/") -> str:
    return str(client.get(address).content.decode())


def test_nothing_yet_says_how_it_would_come_here(client: Client, rosa: Any) -> None:
    assert "You have no reports here." in page(client)
    assert 'href="/reports/open/"' in page(client)


def test_each_with_where_it_stands_newest_first(client: Client, mine: Make, triager: Any) -> None:
    older = mine()
    newer = mine(summary="It refuses a recipe for bread", what_happened="It said that bread is dangerous, and refused.")
    about = issue_of(older)
    assert about is not None
    decide(about, "confirm", by=triager, public_title="Rulings that nobody made")
    about.refresh_from_db()

    told = page(client)

    assert told.index(newer.reference) < told.index(older.reference)
    assert "It refuses a recipe for bread" in told
    assert told.index(">Grouped<") < told.index(">Confirmed<")
    assert f'href="{about.get_absolute_url()}"' in told


def test_what_is_not_public_is_not_named(client: Client, mine: Make, triager: Any) -> None:
    about = issue_of(mine(visibility="private"))
    assert about is not None
    decide(about, "confirm", by=triager)
    about.refresh_from_db()

    assert str(about.number) not in page(client)


def test_what_waits_and_what_was_withdrawn_is_marked(client: Client, mine: Make, triager: Any) -> None:
    asked = mine()
    Message.objects.create(report=asked, by=triager, from_reporter=False, plain_text="Which ruling was it?")
    assert "waits for your answer" in page(client)

    withdraw(asked, actor=actor_for(triager))

    assert "waits for your answer" not in page(client)
    assert ">withdrawn<" in page(client)


def test_nobody_else_s_are_there(client: Client, file: Make, rosa: Any, someone: Make, artifact: Any) -> None:
    theirs, nobodys = file(actor=actor_for(someone("triager"))), file()

    told = page(client)

    assert theirs.reference not in told
    assert nobodys.reference not in told


def test_a_triager_s_list_is_their_own_too(client: Client, file: Make, triager: Any, artifact: Any) -> None:
    nobodys, own = file(), file()
    adopt(own, actor=actor_for(triager))
    Report.objects.filter(pk=own.pk).update(hazard_level=3)  # their own, whatever it is by now
    client.force_login(triager)

    told = page(client)

    assert own.reference in told
    assert nobodys.reference not in told


def test_many_are_paged(client: Client, mine: Make) -> None:
    first = mine(grouped=False)
    rows = []
    for at in range(25):
        first.pk, first.reference = None, f"r-copy-{at:04}"
        rows.append(first)
        Report.objects.bulk_create([first])

    assert page(client).count('class="title"') == 25
    assert page(client, "/reports/?page=2").count('class="title"') == 1
    assert page(client, "/reports/?page=banana").count('class="title"') == 25


def test_the_page_costs_the_same_for_one_and_for_three(
    client: Client, mine: Make, django_assert_num_queries: Any
) -> None:
    mine()
    with django_assert_num_queries(COST):
        page(client)
    mine(), mine()
    with django_assert_num_queries(COST):
        page(client)
