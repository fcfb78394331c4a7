"""Servers on loopback that count who connects, and answer well, badly or not at all."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
PATIENCE_S = 5.0  # for a test that has failed


class Receiver:
    """``behave`` gets each connection. ``connections`` counts them."""

    def __init__(self, behave: Callable[[socket.socket], None], *, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self._behave = behave
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?key=1"

    def _serve(self) -> None:
        while True:
            try:
                taken, _from = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=[taken], daemon=True).start()

    def _answer(self, taken: socket.socket) -> None:
        taken.settimeout(PATIENCE_S)
        with taken, contextlib.suppress(OSError):
            self._behave(taken)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextlib.contextmanager
def receiving(behave: Callable[[socket.socket], None], *, host: str = "127.0.0.1") -> Iterator[Receiver]:
    receiver = Receiver(behave, host=host)
    try:
        yield receiver
    finally:
        receiver.close()


def request_of(taken: socket.socket) -> bytes:
    """All of one request, head and body."""
    told = b""
    while b"\r\n\r\n" not in told:
        told += taken.recv(65_536) or b"\r\n\r\n"
    head, _end, body = told.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower()[:15] == b"content-length:"), 0
    )
    while len(body) < length:
        body += taken.recv(65_536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """Reads the request, says ``answer`` and hangs up."""

    def behave(taken: socket.socket) -> None:
        request_of(taken)
        taken.sendall(answer)

    return behave


def stalling(taken: socket.socket) -> None:
    """Reads, and says nothing until the other side gives up."""
    request_of(taken)
    taken.recv(1)


def dripping(taken: socket.socket) -> None:
    """A head that never ends, a byte at a time."""
    request_of(taken)
    taken.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        taken.sendall(b"x")
        threading.Event().wait(0.01)


def endless(status: bytes) -> Callable[[socket.socket], None]:
    """A body without end."""

    def behave(taken: socket.socket) -> None:
        request_of(taken)
        taken.sendall(b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            taken.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")

    return behave


def hanging_up(taken: socket.socket) -> None:
    """Reads, and goes without a word."""
    request_of(taken)


def certificate_for(name: str, folder: Path) -> Path:
    """A file with a key and the certificate it signed itself, for ``name``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def by_tls(certificate: Path, behave: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(taken: socket.socket) -> None:
        with context.wrap_socket(taken, server_side=True) as wrapped:
            behave(wrapped)

    return secured
