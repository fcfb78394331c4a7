"""The list of erasures beside the database: added to, read, merged, and what is wrong with it said."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.policy import SYSTEM
from ledger.trip import Trip
from reports import journal
from reports.erasing import erase
from reports.journal import Erased, Unreadable
from reports.models import Evidence, Report
from reports.sealed import keep_words

Make = Callable[..., Any]
ONE = Erased(date(2026, 5, 3), "r-8c1f-02b7-aaaa-bbbb", "consent")
TWO = Erased(date(2026, 5, 4), "r-8c1f-02b7-cccc-dddd", "retention")


@pytest.fixture(autouse=True)
def log(settings: Any, tmp_path: Path) -> Path:
    settings.ERASURES_LOG = tmp_path / "state" / "erasures.log"
    return Path(settings.ERASURES_LOG)


def test_each_reference_stands_in_it_once_for_its_owner_alone(log: Path) -> None:
    assert journal.add([ONE, TWO, ONE]) == 2
    assert journal.add([TWO]) == 0

    assert log.read_text() == ONE.line + TWO.line
    assert log.stat().st_mode & 0o777 == 0o600
    assert journal.kept() == [ONE, TWO]


def test_a_line_that_was_torn_off_is_written_anew(log: Path) -> None:
    journal.add([ONE])
    with log.open("a") as file:
        file.write(TWO.line[:9])
    assert journal.kept() == [ONE]

    journal.add([TWO])

    assert log.read_text() == ONE.line + TWO.line


@pytest.mark.parametrize("text", ["hello\n", "2026-13-01 r-8c1f-02b7-aaaa-bbbb consent\n", f"{ONE.line[:-1]} more\n"])
def test_what_is_no_journal_is_refused_by_name_and_line(log: Path, tmp_path: Path, text: str) -> None:
    other = tmp_path / "other.log"
    other.write_text(ONE.line + text)

    with pytest.raises(Unreadable, match="line 2"):
        journal.read(other)


@pytest.mark.django_db
def test_another_journal_is_merged_and_what_it_names_is_erased(
    file: Make, artifact: Any, tmp_path: Path, log: Path
) -> None:
    report: Report = file()
    other = tmp_path / "other.log"
    other.write_text(ONE.line + f"2026-05-05 {report.reference} objection\n")
    told = StringIO()

    call_command("reapply_erasures", "--journal", str(other), stdout=told)
    call_command("reapply_erasures", stdout=told)

    assert told.getvalue().splitlines()[0] == "known 2, erased again 1, not here 1"
    assert "known 2, erased again 0, not here 1" in told.getvalue()
    assert not Evidence.objects.exists()
    assert {each.reference for each in journal.kept()} == {ONE.reference, report.reference}


@pytest.mark.django_db
def test_words_that_a_restore_brought_back_beside_the_event_go_again(file: Make, artifact: Any) -> None:
    report: Report = file()
    erase(report, basis="consent", actor=SYSTEM)
    trip = Trip()
    keep_words(report, trip, summary="It is back", what_happened="Back again", expected="", transcript=[])
    trip.go()

    call_command("reapply_erasures", stdout=StringIO())

    assert not Evidence.objects.exists()


@pytest.mark.django_db
def test_a_file_that_is_none_stops_it_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("reapply_erasures", "--journal", str(tmp_path / "none"))
