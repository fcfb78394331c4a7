"""One request to an address that somebody named, and nowhere else.

The name is resolved once, every address it has is checked, and the connection goes to a checked address itself: what
the name says a moment later, or to another resolver, leads nowhere. No redirect is followed, no proxy is asked, and
of a webhook's answer nothing is read but its head.
"""

import io
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.webhooks.networks import is_among, is_public

CONNECT_S = 5.0  # for finding the address, reaching it, and TLS together
TOTAL_S = 15.0  # for all of it; the specification asks for 15 to 30
PORTS = frozenset({443, 8443})
LONGEST_URL = 500
LONGEST_FILE = 10_000  # bytes that are read of a file somewhere


class Outcome(models.TextChoices):
    ACCEPTED = "accepted", gettext_lazy("Accepted")
    REFUSED = "refused", gettext_lazy("Refused")
    REDIRECTED = "redirected", gettext_lazy("Answered with another address, which is not followed")
    GONE = "gone", gettext_lazy("Gone")
    UNRESOLVED = "unresolved", gettext_lazy("The name has no address")
    FORBIDDEN = "forbidden", gettext_lazy("The name leads to an address that webhooks may not go to")
    UNREACHABLE = "unreachable", gettext_lazy("Could not be reached")
    INSECURE = "insecure", gettext_lazy("Its certificate is not valid for the name")
    TIMEOUT = "timeout", gettext_lazy("Took too long")
    GARBLED = "garbled", gettext_lazy("Broke off, or answered with something other than HTTP")


class NoAddress(Exception):
    """The name has none, or one that webhooks may not go to."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try. ``wait``: how long the receiver asked us to."""

    outcome: Outcome
    status: int | None = None
    wait: timedelta | None = None
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook goes: ``host`` as it is resolved, ``netloc`` as the receiver is told it."""

    is_https: bool
    host: str
    port: int
    netloc: str
    target: str


def address_of(url: str) -> Address:
    """The parts of a URL that a webhook may have. Raises ValidationError with a sentence that helps."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        raise ValidationError(_("Write an address of at most 500 characters, in ASCII and without spaces."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("https", "http") or port == 0:
        raise ValidationError(_("Write a whole address, as in https://example.org/hooks."))
    if parts.scheme == "http" and not settings.WEBHOOK_NETWORKS:
        raise ValidationError(_("The address has to begin with https://."))
    if "@" in parts.netloc or "#" in url:
        raise ValidationError(_("Leave out names, passwords and what comes after a #: they do not belong here."))
    port = port or (443 if parts.scheme == "https" else 80)
    if port not in PORTS and not settings.WEBHOOK_NETWORKS:
        raise ValidationError(_("Webhooks go to ports 443 and 8443 only."))
    if _is_number(host) and not _may_reach(host, is_https=parts.scheme == "https", port=port):
        raise ValidationError(_("Webhooks go to public addresses only, and this one is not."))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme == "https", host, port, parts.netloc, target)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()


def _may_reach(ip: str, *, is_https: bool, port: int) -> bool:
    """What the operator named may be reached in any way; what everybody can reach, by TLS on few ports."""
    return is_among(ip, settings.WEBHOOK_NETWORKS) or (is_https and port in PORTS and is_public(ip))


def send(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """POST ``body`` once. Never raises for what a receiver does."""
    began = monotonic()
    try:
        status, wait = _exchange(address_of(url), body, headers, deadline=began + TOTAL_S)
        answer = Answer(_outcome_of(status), status, wait)
    except NoAddress as none:
        answer = Answer(none.outcome)
    except ValidationError:  # the operator allows less than when it was named
        answer = Answer(Outcome.FORBIDDEN)
    except TimeoutError:
        answer = Answer(Outcome.TIMEOUT)
    except ssl.SSLError:
        answer = Answer(Outcome.INSECURE)
    except (HTTPException, ValueError):  # before OSError: who hangs up before the first byte raises both
        answer = Answer(Outcome.GARBLED)
    except OSError:
        answer = Answer(Outcome.UNREACHABLE)
    return Answer(answer.outcome, answer.status, answer.wait, round(1000 * (monotonic() - began)))


def fetch(url: str, *, most: int = LONGEST_FILE) -> bytes | None:
    """The first ``most`` bytes of what lies at ``url``, as carefully reached as a webhook; None if it cannot be had."""
    try:
        address = address_of(url)
        with _connected(address, deadline=monotonic() + CONNECT_S) as sock:
            connection = HTTPConnection(address.host, address.port)
            connection.sock = Hurried(sock, monotonic() + CONNECT_S)
            connection.request("GET", address.target, headers={"Host": address.netloc, "Connection": "close"})
            response: HTTPResponse = connection.getresponse()
            return response.read(most) if response.status == 200 else None
    except (NoAddress, ValidationError, HTTPException, ValueError, OSError):
        return None


def _outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status == 410:
        return Outcome.GONE
    return Outcome.REDIRECTED if 300 <= status < 400 else Outcome.REFUSED


def _exchange(
    address: Address, body: bytes, headers: dict[str, str], *, deadline: float
) -> tuple[int, timedelta | None]:
    """The status of the answer, and its Retry-After. The answer's body stays where it is."""
    with _connected(address, deadline=monotonic() + CONNECT_S) as sock:
        connection = HTTPConnection(address.host, address.port)
        connection.sock = Hurried(sock, deadline)  # as much of a socket as it needs
        connection.request("POST", address.target, body, {"Host": address.netloc, "Connection": "close", **headers})
        response: HTTPResponse = connection.getresponse()
        return response.status, retry_after(response.getheader("Retry-After"), now=datetime.now(UTC))


def _connected(address: Address, *, deadline: float) -> socket.socket:
    """A connection to the first of the checked addresses that answers. Raises NoAddress or OSError."""
    failure: OSError = ConnectionError()
    for family, place in _checked(address, deadline):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(_left(deadline))
            sock.connect(place)
            if not address.is_https:
                return sock
            sock.settimeout(_left(deadline))
            return trusting().wrap_socket(sock, server_hostname=address.host)
        except OSError as refused:
            sock.close()
            failure = refused
    raise failure


def _checked(address: Address, deadline: float) -> list[tuple[int, Any]]:
    """Where the name leads, if everything it leads to may be reached: one bad address among good ones is a trick."""
    found = resolved(address.host, address.port, within=_left(deadline))
    if not found:
        raise NoAddress(Outcome.UNRESOLVED)
    if not all(_may_reach(str(place[0]), is_https=address.is_https, port=address.port) for _family, place in found):
        raise NoAddress(Outcome.FORBIDDEN)
    return found


def resolved(host: str, port: int, *, within: float) -> list[tuple[int, Any]]:
    """Families and addresses of a name. In a thread, because the system's resolver has its own idea of patience."""
    answers: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as failure:
            answers.put(failure)

    Thread(target=ask, name="webhook name", daemon=True).start()
    try:
        found = answers.get(timeout=within)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise NoAddress(Outcome.UNRESOLVED) from found
    return [(family, place) for family, _type, _protocol, _name, place in found]


@cache
def trusting() -> ssl.SSLContext:
    """Certificates checked against those the system trusts, or those in SSL_CERT_FILE, and against the name."""
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    """Seconds. Raises TimeoutError if there are none."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Hurried(io.RawIOBase):
    """A socket whose every wait ends at one deadline: a receiver that drips would else hold us for ever."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)

    def sendall(self, sent: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(sent)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def retry_after(told: str | None, *, now: datetime) -> timedelta | None:
    """How long to wait, by seconds or by a date; None if nothing sensible is said.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> retry_after("120", now=now), retry_after("soon", now=now)
    (datetime.timedelta(seconds=120), None)
    """
    told = (told or "").strip()
    if told.isdecimal() and len(told) < 9:
        return timedelta(seconds=int(told))
    try:
        until = parsedate_to_datetime(told)
        return until - now if until.tzinfo and until > now else None
    except (ValueError, OverflowError):
        return None
