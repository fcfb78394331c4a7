"""Where a webhook may go, and what comes of it there."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from reports.webhooks import sending
from reports.webhooks.networks import FORBIDDEN_4, FORBIDDEN_6, is_among, is_public, networks_in
from reports.webhooks.sending import Outcome, address_of, retry_after, send
from tests.reports.webhooks.receivers import (
    OK,
    answering,
    by_tls,
    certificate_for,
    dripping,
    endless,
    hanging_up,
    receiving,
    request_of,
    stalling,
)

HEADERS = {"webhook-id": "msg_1"}
LOOPBACK = networks_in("127.0.0.1/32")

# Every address that is not everybody's, by the registry or the trick it belongs to.
FORBIDDEN = {
    "this network": ["0.0.0.0", "0.255.255.255"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
    "carrier's NAT": ["100.64.0.1", "100.127.255.255"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%1", "fec0::1"],
    "metadata": ["169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"],
    "protocols": ["192.0.0.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "::", "4000::1", "5f00::1", "100::1", "3ffe::1"],
    "6to4": ["192.88.99.1", "2002:7f00:1::", "2002:a00:1::1"],
    "Teredo": ["2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"],
    "IPv4 in IPv6": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "::ffff:0:7f00:1"],
    "ISATAP": ["2600::5efe:7f00:1", "2600::200:5efe:7f00:1"],
    "unique local": ["fc00::1", "fdff::1"],
    "none at all": ["", "localhost", "127.1", "0x7f.1", "999.1.1.1", "2600::1%eth0"],
}
EVERY = [(why, address) for why, addresses in FORBIDDEN.items() for address in addresses]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What names lead to: ``names["hooks.example"] = [first answer, second answer, …]``, the last of them for ever."""
    known: dict[str, list[Any]] = {}

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answer = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [
            (socket.AF_INET6, 1, 6, "", (ip, port, 0, 0)) if ":" in ip else (socket.AF_INET, 1, 6, "", (ip, port))
            for ip in answer
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every place that a socket is told to connect to. None gets there."""
    tried: list[Any] = []

    class Watched(socket.socket):
        def connect(self, place: Any) -> None:
            tried.append(place)
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Watched)
    return tried


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_S", 0.15)


def outcome(url: str) -> Outcome:
    return send(url, b"{}", HEADERS).outcome


# Addresses


@pytest.mark.parametrize(("why", "address"), EVERY)
def test_no_connection_to_what_is_not_everybody_s(names: Any, connects: list[Any], why: str, address: str) -> None:
    names["hooks.example"] = [[address]]

    assert not is_public(address)
    assert outcome("https://hooks.example/") == Outcome.FORBIDDEN
    assert connects == []


@pytest.mark.parametrize("network", [*FORBIDDEN_4, *FORBIDDEN_6], ids=str)
def test_a_network_is_forbidden_from_its_first_address_to_its_last(network: Any) -> None:
    assert not is_public(str(network[0]))
    assert not is_public(str(network[-1]))


def test_what_everybody_can_reach_may_be_reached(names: Any, connects: list[Any]) -> None:
    public = ["1.1.1.1", "93.184.216.34", "100.128.0.1", "172.32.0.1", "223.255.255.255", "2606:2800::1", "2a00::1"]
    names["hooks.example"] = [public]

    assert all(map(is_public, public))
    assert outcome("https://hooks.example/") == Outcome.UNREACHABLE
    assert [place[0] for place in connects] == public


def test_one_bad_address_among_good_ones_is_a_trick(names: Any, connects: list[Any]) -> None:
    names["hooks.example"] = [["93.184.216.34", "10.0.0.1"]]

    assert outcome("https://hooks.example/") == Outcome.FORBIDDEN
    assert connects == []


def test_a_name_that_changes_its_mind_is_asked_once(names: Any, connects: list[Any]) -> None:
    names["rebind.example"] = [["93.184.216.34"], ["127.0.0.1"]]

    outcome("https://rebind.example/")

    assert connects == [("93.184.216.34", 443)]
    assert names["rebind.example"] == [["127.0.0.1"]]  # the second answer was not asked for


SPELLINGS = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "localhost", "127.0.0.2"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_this_machine_is_connected_to(monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    with receiving(answering(OK), host="0.0.0.0") as receiver:
        monkeypatch.setattr(sending, "PORTS", {receiver.port})

        assert outcome(f"https://{spelling}:{receiver.port}/") in (Outcome.FORBIDDEN, Outcome.UNRESOLVED)
        assert receiver.connections == 0


def test_nor_by_ipv6(monkeypatch: pytest.MonkeyPatch, names: Any) -> None:
    with receiving(answering(OK), host="::1") as receiver:
        monkeypatch.setattr(sending, "PORTS", {receiver.port})
        names["hooks.example"] = [["::1"]]

        assert outcome(f"https://[::1]:{receiver.port}/") == Outcome.FORBIDDEN
        assert outcome(f"https://hooks.example:{receiver.port}/") == Outcome.FORBIDDEN
        assert receiver.connections == 0


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 See", b"307 Again", b"308 There", b"300 Many"])
def test_no_redirect_is_followed(settings: Any, status: bytes) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    with receiving(answering(OK), host="127.0.0.2") as other:
        moved = b"HTTP/1.1 " + status + f"\r\nLocation: http://127.0.0.2:{other.port}/\r\n\r\n".encode()
        with receiving(answering(moved)) as receiver:
            assert outcome(receiver.url) == Outcome.REDIRECTED
            assert (receiver.connections, other.connections) == (1, 0)


def test_no_proxy_is_asked(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    with receiving(answering(OK), host="127.0.0.3") as proxy, receiving(answering(OK)) as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.3:{proxy.port}")

        assert outcome(receiver.url) == Outcome.ACCEPTED
        assert (receiver.connections, proxy.connections) == (1, 0)


def test_what_the_operator_names_may_be_reached_and_nothing_beside_it(settings: Any, names: Any, connects: Any) -> None:
    settings.WEBHOOK_NETWORKS = networks_in("10.1.0.0/16, fd12::/16")
    names |= {"lab.example": [["10.1.2.3", "fd12::1"]], "other.example": [["10.2.0.1"]], "open.example": [["1.1.1.1"]]}

    outcome("http://lab.example:8000/")
    assert [place[0] for place in connects] == ["10.1.2.3", "fd12::1"]
    assert outcome("http://other.example:8000/") == Outcome.FORBIDDEN
    assert outcome("http://open.example/") == Outcome.FORBIDDEN  # what is everybody's only by TLS
    assert outcome("https://open.example:8000/") == Outcome.FORBIDDEN  # and on few ports
    assert not is_among("::ffff:10.1.0.1", settings.WEBHOOK_NETWORKS)
    with pytest.raises(ValueError, match="host bits"):
        networks_in("10.0.0.1/8")
    assert networks_in("") == ()
    assert networks_in("::1/128") == (ip_network("::1/128"),)


REFUSED = [
    "", "hooks.example", "ftp://hooks.example/", "https://", "https:///x", "https://hooks.example:22/", "https://[",
    "https://hooks.example:0/", "https://hooks.example:99999/", "https://me:secret@hooks.example/", "//x/",
    "https://@hooks.example/", "https://hooks.example/#part", "https://hooks.example/ x", "https://hooks.exämple/",
    "https://hooks.example\\@10.0.0.1/", "https://x/\r\nHost: y", "https://127.0.0.1/", "https://[::1]/",
    "https://2130706433/", "http://hooks.example/", "https://hooks.example/\x00", "https://hooks.example/" + "x" * 500,
    "file:///etc/passwd", "javascript:alert(1)",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_cannot_be_meant_is_refused_where_it_is_named_and_where_it_is_used(
    connects: list[Any], url: str
) -> None:
    with pytest.raises(ValidationError):
        address_of(url)
    assert outcome(url) == Outcome.FORBIDDEN
    assert connects == []


# Receivers


def test_the_receiver_gets_what_was_meant(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    heard: list[bytes] = []

    def listen(taken: socket.socket) -> None:
        heard.append(request_of(taken))
        taken.sendall(OK)

    with receiving(listen) as receiver:
        answer = send(receiver.url, b'{"type":"x"}', HEADERS)

    assert (answer.outcome, answer.status) == (Outcome.ACCEPTED, 204)
    head, _end, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hooks?key=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{receiver.port}".encode() in head.split(b"\r\n")
    assert b"webhook-id: msg_1" in head.split(b"\r\n")
    assert body == b'{"type":"x"}'


MISBEHAVING: dict[str, tuple[Callable[[socket.socket], None], Outcome]] = {
    "fails": (answering(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), Outcome.REFUSED),
    "is gone": (answering(b"HTTP/1.1 410 Gone\r\n\r\n"), Outcome.GONE),
    "stalls": (stalling, Outcome.TIMEOUT),
    "drips": (dripping, Outcome.TIMEOUT),
    "never ends": (endless(b"503 Busy"), Outcome.REFUSED),
    "never ends, but takes it": (endless(b"200 OK"), Outcome.ACCEPTED),
    "says too little": (answering(b"HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\nshort"), Outcome.REFUSED),
    "says too much": (answering(b"HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\n" + b"x" * 9_999), Outcome.REFUSED),
    "counts wrongly": (answering(b"HTTP/1.1 500 No\r\nContent-Length: -1\r\n\r\n"), Outcome.REFUSED),
    "hangs up": (hanging_up, Outcome.GARBLED),
    "breaks off": (answering(b"HTTP/1.1 2"), Outcome.GARBLED),
    "is no web server": (answering(b"220 mail.example ESMTP\r\n"), Outcome.GARBLED),
    "has a long head": (answering(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), Outcome.GARBLED),
    "has a long line": (answering(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999 + b"\r\n\r\n"), Outcome.GARBLED),
    "says nonsense": (answering(b"HTTP/1.1 -1 \xff\xfe\r\n\r\n"), Outcome.GARBLED),
}


@pytest.mark.parametrize("manner", MISBEHAVING)
def test_whatever_a_receiver_does_is_one_outcome_in_time(settings: Any, quick: None, manner: str) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    behave, expected = MISBEHAVING[manner]
    with receiving(behave) as receiver:
        answer = send(receiver.url, b"{}", HEADERS)

        assert answer.outcome == expected
        assert receiver.connections == 1


def test_who_is_not_there_is_not_reached(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    with receiving(hanging_up) as receiver:
        url = receiver.url

    assert outcome(url) == Outcome.UNREACHABLE


def test_a_name_that_nobody_knows_is_said_to_be_unknown(names: Any) -> None:
    assert not names
    assert outcome("https://no-such-name.invalid/") == Outcome.UNRESOLVED


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: stuck.wait(5) or [])
    monkeypatch.setattr(sending, "CONNECT_S", 0.05)

    assert outcome("https://hooks.example/") == Outcome.TIMEOUT
    stuck.set()


def hanging_up_at_once(taken: socket.socket) -> None:
    taken.recv(1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for("hooks.example", tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(sending, "trusting", lambda: context)


def test_tls_is_for_the_name_at_the_address_that_was_checked(
    settings: Any, names: Any, certificate: Path, trusted: None
) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    names |= {"hooks.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    with receiving(by_tls(certificate, answering(OK))) as receiver:
        assert outcome(f"https://hooks.example:{receiver.port}/") == Outcome.ACCEPTED
        assert outcome(f"https://other.example:{receiver.port}/") == Outcome.INSECURE


def test_a_certificate_that_nobody_vouches_for_is_none(
    settings: Any, names: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CONNECT_S", 0.5)
    settings.WEBHOOK_NETWORKS = LOOPBACK
    names["hooks.example"] = [["127.0.0.1"]]
    with receiving(by_tls(certificate, answering(OK))) as receiver, receiving(hanging_up_at_once) as bare:
        assert outcome(f"https://hooks.example:{receiver.port}/") == Outcome.INSECURE
        bare_outcome = outcome(f"https://hooks.example:{bare.port}/")

    assert bare_outcome in (Outcome.INSECURE, Outcome.UNREACHABLE, Outcome.TIMEOUT)


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 40, None),
        ("120", timedelta(seconds=120)),
        ("Thu, 01 Jan 2026 00:05:00 GMT", timedelta(minutes=5)),
        ("Wed, 31 Dec 2025 00:00:00 GMT", None),
        ("\u0663", timedelta(seconds=3)),
    ],
)
def test_how_long_a_receiver_asks_us_to_wait(told: str | None, wait: timedelta | None) -> None:
    assert retry_after(told, now=datetime(2026, 1, 1, tzinfo=UTC)) == wait
