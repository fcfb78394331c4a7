"""A file of many reports handed in: it runs behind the pages, stops and goes on, files each once, and is one's own."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, connection
from django.test import Client
from django.utils import timezone

from accounts.actors import actor_for
from accounts.models import User
from accounts.policy import ANONYMOUS
from reports import quarantine
from reports.importers import intake
from reports.imports import accepting, keeping, running, units
from reports.imports.accepting import Announced, TooManyOpen, begin, begin_whole, cancel, go_for_real, receive
from reports.imports.running import carry_on, left_behind
from reports.leaving import belongings, close_account
from reports.models import Evidence, Import, Report
from reports.pages.imports import mapping_in
from reports.quarantine import Room
from triage.tasks import run_import

pytestmark = pytest.mark.django_db
Sent = Callable[..., Import]


@pytest.fixture(autouse=True)
def files_dir(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_DIR = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def researcher(someone: Callable[..., User]) -> User:
    return someone("researcher")


def told(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "artifact": "acme/chat-7b",
        "summary": f"It invents ruling number {number}",
        "what_happened": f"I asked for rulings on rent and it cited number {number}, which was never made.",
        "kind": "false_information",
        "source": "our-lab",
        "source_key": f"run-1/{number}",
        "consent": True,
        **changes,
    }


def lines(*rows: Any) -> bytes:
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


FOUR = lines(told(1), b"not JSON", told(2), told(3, kind="rude"), told(4))


def announced(raw: bytes, **changes: Any) -> Announced:
    known = {"format": "telltale", "name": "run-1.jsonl", "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    return Announced(**{**known, **changes})


@pytest.fixture
def sent(researcher: User) -> Sent:
    """Hands in a whole file: ``sent(raw, **announced) -> Import``."""

    def send(raw: bytes = FOUR, **changes: Any) -> Import:
        return begin_whole(researcher, announced(raw, **changes), file=quarantine.lay_down(raw, Room.IMPORTS))

    return send


def run(row: Import) -> Import:
    """What workers do until nothing is left."""
    while carry_on(row.pk, seconds=600):
        pass
    row.refresh_from_db()
    return row


def counts(row: Import) -> dict[str, int]:
    return {name: getattr(row, name) for name in ("filed", "already_here", "rejected", "passed")}


def commit() -> None:
    """What the end of the transaction does, which no test here comes to."""
    waiting, connection.run_on_commit = connection.run_on_commit, []
    for callback in waiting:
        callback[1]()


def laid() -> list[str]:
    commit()
    return sorted(path.name for path in quarantine.folder(Room.IMPORTS).iterdir())


def keys() -> list[str]:
    return sorted(Report.objects.values_list("source_key", flat=True))


# What a worker makes of it


def test_it_is_filed_with_what_was_left_out_and_why(sent: Sent, researcher: User) -> None:
    row = run(sent())

    assert row.state == "done"
    assert counts(row) == {"filed": 3, "already_here": 0, "rejected": 2, "passed": 0}
    assert (row.read, row.found, row.percent) == (5, 5, 100)
    assert keys() == ["run-1/1", "run-1/2", "run-1/4"]
    assert set(Report.objects.values_list("reporter", "channel")) == {(researcher.pk, "import")}
    assert [reject.line for reject in row.rejects.all()] == [2, 4]
    assert row.rejects.get(line=2).reason == "not JSON"
    assert "kind: " in row.rejects.get(line=4).reason
    assert (row.file, row.units, laid()) == ("", "", [])


def test_a_second_time_adds_nothing(sent: Sent) -> None:
    run(sent())

    again = run(sent())

    assert counts(again) == {"filed": 0, "already_here": 3, "rejected": 2, "passed": 0}
    assert Report.objects.count() == 3


def test_it_goes_a_step_at_a_time_and_rings_itself_on(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr("triage.tasks.bell.ring", lambda task, row_id: rung.append(row_id))
    monkeypatch.setattr(running, "CHUNK_S", 0.0)
    row = sent()

    run_import(row.pk)  # reads it through
    run_import(row.pk)  # files one

    row.refresh_from_db()
    assert (row.state, row.read, row.found, rung) == ("running", 1, 5, [row.pk, row.pk])
    assert 50 < row.percent < 100


def test_it_tells_how_far_it_has_been_read(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BEAT_S", -1.0)
    seen: list[int] = []
    row, write = sent(), units.Writing._write

    def watch(self: Any, found: Any) -> None:
        write(self, found)
        row.refresh_from_db()
        seen.append(row.bytes_read)

    monkeypatch.setattr(units.Writing, "_write", watch)
    running.read_through(row)

    assert len(seen) == 5
    assert seen == sorted(seen)
    assert 0 < seen[-1] <= row.size


class Killed(BaseException):
    """Nothing after it is done, as after kill -9."""


def die(*_args: Any, **_kwargs: Any) -> Any:
    raise Killed


@pytest.mark.parametrize("moment", ["reading", "filing", "filed"])
def test_killed_in_the_middle_it_loses_nothing_and_does_nothing_twice(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    row, before = sent(), intake.taken
    begun: list[int] = []

    def third(found: Any, **known: Any) -> Any:
        begun.append(found.line)
        if len(begun) < 3:
            return before(found, **known)
        if moment == "filed":
            before(found, **known)  # and not counted
        return die()

    with monkeypatch.context() as broken:
        if moment == "reading":
            broken.setattr(units.Writing, "_settle", die)
        else:
            running.read_through(row)
            broken.setattr(running, "taken", third)
        with pytest.raises(Killed):
            carry_on(row.pk)

    Import.objects.filter(pk=row.pk).update(changed_at=timezone.now() - running.LEASE - timedelta(seconds=1))
    assert list(left_behind()) == [row.pk]
    ended = run(row)

    assert (ended.state, counts(ended)) == ("done", {"filed": 3, "already_here": 0, "rejected": 2, "passed": 0})
    assert keys() == ["run-1/1", "run-1/2", "run-1/4"]
    assert [reject.line for reject in ended.rejects.all()] == [2, 4]


def test_one_reads_it_and_a_reader_that_was_replaced_writes_nothing(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent()
    Import.objects.filter(pk=row.pk).update(reader="somebody", state="running")
    assert running.read_through(row) is False  # it breathes yet

    Import.objects.filter(pk=row.pk).update(reader="", state="waiting")
    before = running._write_down

    def slowly(*args: Any) -> int:
        Import.objects.filter(pk=row.pk).update(reader="another")
        return before(*args)

    monkeypatch.setattr(running, "_write_down", slowly)

    assert running.read_through(row) is False
    row.refresh_from_db()
    assert (row.found, row.units, laid()) == (None, "", [row.file])


def test_a_file_that_ends_its_readers_is_given_up(sent: Sent) -> None:
    row = sent()
    Import.objects.filter(pk=row.pk).update(readings=running.READINGS_AT_MOST)

    assert run(row).failure == "broken"
    assert laid() == []


def test_what_the_database_refuses_holds_up_no_other(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    before = intake.taken

    def refuse(found: Any, **known: Any) -> Any:
        if found.line == 3:
            raise DataError("no such thing")
        return before(found, **known)

    monkeypatch.setattr(f"{running.__name__}.taken", refuse)

    row = run(sent())

    assert counts(row) == {"filed": 2, "already_here": 0, "rejected": 3, "passed": 0}
    assert row.rejects.get(line=3).reason == "It could not be filed. The log says why."


def test_what_no_report_can_say_is_left_out_with_a_reason_and_holds_up_no_other(sent: Sent) -> None:
    deep: list[Any] = []
    for _level in range(40):
        deep = [deep]
    odd = [told(1, kind="\ud800"), told(2, **{"\udfff": "x"}), told(3, settings={"a": deep}), told(4, kind=deep)]

    row = run(sent(lines(*odd, told(5))))

    assert (row.state, keys()) == ("done", ["run-1/5"])
    reasons = list(row.rejects.order_by("line").values_list("reason", flat=True))
    assert reasons[0].startswith("kind: “\ufffd” is not one of the answers.")
    assert reasons[1:] == ["\ufffd: There is no such field.", "nested too deeply", "nested too deeply"]


@pytest.mark.parametrize(
    ("raw", "changes", "failure"),
    [
        (FOUR, {"sha256": "0" * 64}, "differs"),
        (b"\x89PNG\r\n\x1a\n\0\0", {}, "unreadable"),
        (b"nothing of the kind\n" * 1_200, {}, "unreadable"),
    ],
)
def test_what_cannot_be_read_fails_with_a_reason(sent: Sent, raw: bytes, changes: dict[str, Any], failure: str) -> None:
    row = run(sent(raw, **changes))

    assert (row.state, row.failure, row.filed) == ("failed", failure, 0)
    assert bool(row.why) is (failure == "unreadable")
    assert laid() == []


def test_a_file_that_is_gone_fails_and_says_so(sent: Sent) -> None:
    unread, read = sent(), sent(lines(told(5)))
    running.read_through(read)
    for path in quarantine.folder(Room.IMPORTS).iterdir():
        path.unlink()

    assert [run(row).failure for row in (unread, read)] == ["lost", "lost"]


def test_whoever_lost_the_right_files_no_more(sent: Sent, researcher: User) -> None:
    begun, waiting = sent(), sent(lines(told(5)))
    running.read_through(begun)
    with quarantine.path_of(Room.IMPORTS, Import.objects.get(pk=begun.pk).units).open("rb") as found:
        running.take_next(begun.pk, found)
    researcher.grants.update(ended_at=timezone.now())

    assert [run(row).failure for row in (begun, waiting)] == ["role", "role"]
    assert (keys(), laid()) == (["run-1/1"], [])


def test_cancelled_it_stops_before_the_next_and_what_is_filed_stays(sent: Sent) -> None:
    row = sent()
    running.read_through(row)
    row.refresh_from_db()
    with quarantine.path_of(Room.IMPORTS, row.units).open("rb") as found:
        running.take_next(row.pk, found)
        cancel(row)
        assert running.take_next(row.pk, found) is False

    assert (run(row).state, keys(), row.filed) == ("cancelled", ["run-1/1"], 1)
    assert cancel(row).state == "cancelled"  # twice


def test_cancelled_while_it_is_read_it_is_read_no_further(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BEAT_S", -1.0)
    row, before = sent(), running._write_down

    def cancelled(*args: Any) -> int:
        cancel(row)
        return before(*args)

    monkeypatch.setattr(running, "_write_down", cancelled)

    assert running.read_through(row) is False
    row.refresh_from_db()
    assert (row.state, row.found, Report.objects.count()) == ("cancelled", None, 0)


def test_of_very_many_rejections_only_the_first_are_kept(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "REJECTS_KEPT", 2)
    monkeypatch.setattr(running, "REJECTS_KEPT", 2)

    row = run(sent(lines(b"a", told(1), b"b", b"c", b"d", told(2, kind="rude"))))

    assert counts(row) == {"filed": 1, "already_here": 0, "rejected": 5, "passed": 0}
    assert [reject.line for reject in row.rejects.all()] == [1, 3]


# A rehearsal


def test_a_rehearsal_files_nothing_and_says_what_it_would(sent: Sent, nothing_stored: Any) -> None:
    row = sent(is_rehearsal=True)
    running.read_through(row)
    before = Evidence.objects.count()

    row = run(row)

    assert (row.state, counts(row)["filed"], counts(row)["rejected"]) == ("done", 3, 2)
    assert (Report.objects.count(), Evidence.objects.count()) == (0, before)
    assert row.distinct_new == 3  # as many sets of words
    assert row.file in laid()  # so that it need not be sent again


def test_failures_are_counted_once_however_often_it_is_carried_on(sent: Sent) -> None:
    row = sent(lines(*(told(at, rule_id=f"rule-{at % 2}") for at in range(4))), is_rehearsal=True)
    while carry_on(row.pk, seconds=0):  # one at a time
        pass

    row.refresh_from_db()
    assert (row.filed, row.distinct_new, row.rehearsed.count()) == (4, 2, 0)


def test_what_was_rehearsed_is_filed_without_being_sent_again(sent: Sent) -> None:
    row = run(sent(is_rehearsal=True))

    go_for_real(row)
    go_for_real(row)  # pressed twice
    ended = run(row)

    assert (ended.state, counts(ended)["filed"], ended.rejects.count()) == ("done", 3, 2)
    assert (Report.objects.count(), laid()) == (3, [])
    assert Import.objects.count() == 1


def test_announcing_a_rehearsed_file_in_earnest_needs_no_bytes(sent: Sent, researcher: User) -> None:
    rehearsed = run(sent(is_rehearsal=True))

    row, is_new = begin(researcher, announced(FOUR))

    assert (row.pk, is_new, row.state, row.offset) == (rehearsed.pk, False, "waiting", len(FOUR))


def test_a_rehearsal_whose_file_is_gone_cannot_be_filed(sent: Sent) -> None:
    row = run(sent(is_rehearsal=True))
    cancel(row)

    with pytest.raises(ValidationError):
        go_for_real(row)
    assert Import.objects.get(pk=row.pk).state == "done"


# Its bytes


def test_parts_come_in_order_each_once(researcher: User) -> None:
    actor, raw = actor_for(researcher), lines(told(1))
    row, _is_new = begin(researcher, announced(raw))

    with pytest.raises(accepting.WrongOffset) as too_soon:
        receive(row.pk, raw[10:], at=10, actor=actor)
    receive(row.pk, raw[:10], at=0, actor=actor)
    with pytest.raises(accepting.WrongOffset) as twice:
        receive(row.pk, raw[:10], at=0, actor=actor)
    with pytest.raises(ValidationError):
        receive(row.pk, raw, at=10, actor=actor)
    row = receive(row.pk, raw[10:], at=10, actor=actor)

    assert (too_soon.value.offset, twice.value.offset) == (0, 10)
    assert (row.state, row.offset) == ("waiting", len(raw))
    assert run(row).filed == 1


def test_a_part_whose_row_was_lost_is_written_over(researcher: User) -> None:
    actor, raw = actor_for(researcher), lines(told(1))
    row, _is_new = begin(researcher, announced(raw))
    quarantine.path_of(Room.IMPORTS, row.file).write_bytes(b"x" * 5_000)  # written, and killed before the row was

    row = receive(row.pk, raw, at=0, actor=actor)

    assert run(row).filed == 1


def test_the_same_file_announced_again_goes_on(researcher: User, someone: Any) -> None:
    raw = lines(told(1))
    row, _is_new = begin(researcher, announced(raw))
    receive(row.pk, raw[:10], at=0, actor=actor_for(researcher))

    again, is_new = begin(researcher, announced(raw))
    others = [
        begin(researcher, announced(raw, options={"artifact": "acme/other"}))[0],
        begin(someone("triager"), announced(raw))[0],
    ]

    assert (again.pk, is_new, again.offset) == (row.pk, False, 10)
    assert row.pk not in {other.pk for other in others}


def test_an_account_has_only_so_many_files_here(researcher: User, sent: Sent, settings: Any) -> None:
    settings.IMPORTS_AT_MOST = 2
    first, _is_new = begin(researcher, announced(b"a"))
    begin(researcher, announced(b"b"))

    with pytest.raises(TooManyOpen):
        begin(researcher, announced(b"c"))
    assert begin(researcher, announced(b"a"))[0] == first  # going on is no new one

    cancel(first)
    begin(researcher, announced(b"c"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "tarot"}, "format"),
        ({"size": 0}, "size"),
        ({"size": 10**12}, "size"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"options": {"artifact": "no name at all/"}}, "artifact"),
        ({"options": {"scorer": "includes"}}, "scorer"),
        ({"options": {"colour": "red"}}, "colour"),
        ({"options": {"mapping": {"\0": "summary"}}}, "mapping"),
        ({"options": {"mapping": {"\ud800": "summary"}}}, "mapping"),
        ({"options": {"threshold": float("nan")}}, "threshold"),
        ({"options": {"mapping": {"columns": "x" * 70_000}}}, "mapping"),
    ],
)
def test_what_cannot_be_followed_is_said_at_once(researcher: User, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        begin(researcher, announced(FOUR, **changes))

    assert list(refusal.value.message_dict) == [field]
    assert (Import.objects.count(), laid()) == (0, [])


# What is let go of


def test_what_was_abandoned_goes_after_a_week(researcher: User, sent: Sent) -> None:
    left, _is_new = begin(researcher, announced(b"a"))
    rehearsed = run(sent(is_rehearsal=True))
    fresh, _is_new = begin(researcher, announced(b"b"))
    late = timezone.now() - keeping.KEPT - timedelta(minutes=1)
    Import.objects.filter(pk__in=[left.pk, rehearsed.pk]).update(changed_at=late)
    Import.objects.filter(pk=rehearsed.pk).update(ended_at=late)

    keeping.tidy()

    assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "done", "uploading"]
    assert laid() == [fresh.file]


def test_bytes_that_no_row_wants_go_and_others_stay(
    researcher: User, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent()
    running.read_through(row)
    quarantine.lay_down(b"adrift", Room.IMPORTS)
    assert keeping.tidy() == 0  # somebody may be writing it

    monkeypatch.setattr(keeping, "ADRIFT_AFTER", timedelta(seconds=-9))

    row.refresh_from_db()
    assert keeping.tidy() == 1
    assert laid() == sorted([row.file, row.units])


def test_an_account_that_is_closed_takes_its_imports_along(sent: Sent, researcher: User) -> None:
    row = sent()
    kept = json.loads("".join(belongings(researcher)))["imports"]

    close_account(researcher, actor=actor_for(researcher))

    assert [(each["name"], each["state"]) for each in kept] == [("run-1.jsonl", "waiting")]
    assert (Import.objects.count(), laid()) == (0, [])
    assert carry_on(row.pk) is False


# Who sees it


def test_it_is_its_sender_s_alone(sent: Sent, researcher: User, someone: Any) -> None:
    sent()
    others = [someone(role) for role in ("triager", "moderator", "admin", "auditor")]

    assert Import.objects.visible_to(actor_for(researcher)).count() == 1
    assert [Import.objects.visible_to(actor_for(other)).count() for other in others] == [0, 0, 0, 0]
    assert Import.objects.visible_to(ANONYMOUS).count() == 0


# The pages


def form(raw: bytes = FOUR, **changes: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("run-1.jsonl", raw), "format": "telltale", "aim": "file", **changes}


def test_a_file_is_sent_watched_and_its_rejections_taken_away(client: Client, researcher: User) -> None:
    client.force_login(researcher)

    shown = client.post("/imports/new/", form(aim="rehearse"), follow=True)
    address = shown.redirect_chain[-1][0]
    assert "It is here, and waits for a worker." in shown.content.decode()
    run(Import.objects.get())
    rehearsed = client.get(address).content.decode()
    client.post(f"{address}file/")
    run(Import.objects.get())
    ended = client.get(address).content.decode()

    assert "It would add 3 reports" in rehearsed
    assert "File 3 reports" in rehearsed
    assert "3 reports were filed." in ended
    assert "every 2s" not in ended
    rejects = client.get(f"{address}rejects.csv").getvalue().decode().splitlines()
    assert rejects[:2] == ["line,reason", "2,not JSON"]
    assert len(rejects) == 3


def test_a_form_is_refused_beside_what_is_wrong_and_its_file_not_kept(
    client: Client, researcher: User, settings: Any
) -> None:
    client.force_login(researcher)
    settings.IMPORT_LIMIT = 1_000

    told = {
        "none": client.post("/imports/new/", form(file="")),
        "empty": client.post("/imports/new/", form(b"")),
        "large": client.post("/imports/new/", form(b"x" * 1_001)),
        "format": client.post("/imports/new/", form(b"{}", format="tarot")),
        "option": client.post("/imports/new/", form(b"{}", scorer="includes")),
        "mapping": client.post("/imports/new/", form(b"{}", mapping=SimpleUploadedFile("m.toml", b"= not"))),
        "artifact": client.post("/imports/new/", form(b"{}", artifact="\0nameless/")),
    }

    assert {name: answer.status_code for name, answer in told.items()} == dict.fromkeys(told, 422)
    errors = {name: list(answer.context["form"].errors) for name, answer in told.items()}
    assert errors == {
        "none": ["file"],
        "empty": ["file"],
        "large": ["file"],
        "format": ["format"],
        "option": ["scorer"],
        "mapping": ["mapping"],
        "artifact": ["artifact"],
    }
    assert (Import.objects.count(), laid()) == (0, [])
    assert client.post("/imports/new/", form(b"x" * 9_000)).status_code == 413


@pytest.mark.parametrize("mapping", ['[columns]\nTitle = "summary"', '{"columns": {"Title": "summary"}}'])
def test_a_mapping_is_read_as_editors_save_it(mapping: str) -> None:
    assert mapping_in(mapping.encode("utf-8-sig")) == {"columns": {"Title": "summary"}}


def test_a_form_from_elsewhere_is_refused(researcher: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(researcher)

    assert client.post("/imports/new/", form()).status_code == 403
    assert Import.objects.count() == 0


def test_another_account_sees_nothing_of_it(client: Client, sent: Sent, someone: Any) -> None:
    row = run(sent(is_rehearsal=True))
    client.force_login(someone("moderator", "admin", email="m@example.org"))
    empty = client.get("/imports/").content

    told = [
        client.get(f"/imports/{row.pk}/").status_code,
        client.get(f"/imports/{row.pk}/rejects.csv").status_code,
        client.post(f"/imports/{row.pk}/cancel/").status_code,
        client.post(f"/imports/{row.pk}/file/").status_code,
    ]
    Import.objects.all().delete()

    assert told == [404] * 4
    assert client.get("/imports/").content.count(b"<li>") == empty.count(b"<li>")
    assert b"run-1.jsonl" not in empty


def test_who_may_not_hand_in_is_told_how_to_get_the_right(client: Client, someone: Any) -> None:
    client.force_login(someone())

    page = client.get("/imports/").content.decode()

    assert "open to researchers" in page
    assert "/imports/new/" not in page
    assert client.get("/imports/new/").status_code == 403
    assert "/imports/" not in client.get("/account/").content.decode()


def test_whoever_lost_the_right_sees_theirs_and_files_nothing(client: Client, sent: Sent, researcher: User) -> None:
    row = run(sent(is_rehearsal=True))
    researcher.grants.update(ended_at=timezone.now())
    client.force_login(researcher)

    page = client.get(f"/imports/{row.pk}/").content.decode()

    assert "File 3 reports" not in page
    assert client.post(f"/imports/{row.pk}/file/").status_code == 403
    assert "/imports/" in client.get("/account/").content.decode()


def test_the_list_costs_the_same_with_one_row_and_with_three(
    client: Client, researcher: User, django_assert_num_queries: Any
) -> None:
    client.force_login(researcher)
    begin(researcher, announced(b"a"))
    client.get("/imports/")
    with django_assert_num_queries(6):
        client.get("/imports/")
    for raw in (b"b", b"c"):
        begin(researcher, announced(raw))

    with django_assert_num_queries(6):
        client.get("/imports/")
