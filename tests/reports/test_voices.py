"""Whose voice a report is, without saying who."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_for
from reports import voices
from reports.models import DailySalt, Report
from reports.vocabulary import Channel
from reports.voices import network_prefix, throw_salts_away, voice_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        (" 192.0.2.77 ", "192.0.2.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", ""),
        ("localhost", ""),
        ("192.0.2.77:443", ""),
        ("192.0.2.256", ""),
        ("\x00", ""),
    ],
)
def test_a_network_is_what_neighbours_share(address: str, prefix: str) -> None:
    assert network_prefix(address) == prefix


def key(**changes: Any) -> str:
    known: dict[str, Any] = {"user_id": None, "network": "", "source": "s", "author": "", "reference": "r-1"}
    return voice_key(**known | changes)


def test_an_account_is_one_voice_wherever_it_is() -> None:
    assert key(user_id=7, network="192.0.2.1", reference="a") == key(user_id=7, network="198.51.100.1", author="x")


def test_a_network_is_one_voice_for_a_day() -> None:
    assert key(network="192.0.2.1", reference="a") == key(network="192.0.2.200", reference="b")
    assert key(network="192.0.2.1") != key(network="192.0.3.1")


def test_without_a_network_the_source_s_author_speaks_else_the_report() -> None:
    assert key(author="ann", reference="a") == key(author="ann", reference="b")
    assert key(author="ann", source="s") != key(author="ann", source="t")
    assert key(reference="a") != key(reference="b")


def test_kinds_of_voice_never_meet() -> None:
    assert len({key(user_id=1), key(author="1"), key(reference="1"), key(network="192.0.2.1")}) == 4


def test_tomorrow_nobody_can_link_today() -> None:
    today = key(network="192.0.2.1")
    DailySalt.objects.update(day=timezone.now().date() - timedelta(days=1))
    voices._stored_salt.cache_clear()

    assert throw_salts_away() == 1
    assert key(network="192.0.2.1") != today
    assert throw_salts_away() == 0  # today's is kept


@pytest.mark.django_db(transaction=True)
def test_a_salt_that_was_rolled_back_is_forgotten() -> None:
    with transaction.atomic():
        lost = key(network="192.0.2.1")
        transaction.set_rollback(True)

    kept = key(network="192.0.2.1")
    voices._stored_salt.cache_clear()  # as in another process

    assert kept != lost
    assert key(network="192.0.2.1") == kept


def test_no_address_is_stored(file: Callable[..., Any], someone: Any) -> None:
    file(network="192.0.2.77")
    file(network="192.0.2.77", actor=actor_for(someone()))
    file(channel=Channel.IMPORT, author="ann@example.org")

    assert not any(word in str(Report.objects.values()) for word in ("192.0.2", "ann@"))
    assert {report.voice_key.partition(":")[0] for report in Report.objects.all()} <= {"account", "network", "author"}
