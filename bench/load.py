"""The client: files reports over plain sockets, in a process of its own so that it takes no time from what it measures.

``python -m bench.load`` reads one :class:`Job` as JSON from its input and writes one :class:`Answer` a line, also JSON.
Moments are of time.monotonic, which all processes of a machine share.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from queue import Empty, Queue
from typing import Any

HOST = "127.0.0.1"
TIMEOUT_S = 30.0
RETRY_S = 0.1  # between two tries of a patient client
LOOK_EVERY_S = 0.02  # between two looks at a receipt


@dataclass(frozen=True, slots=True)
class Job:
    """Bodies to post to ``path``, by ``connections`` at once, as fast as they go or ``rate`` a second.

    ``patient`` clients send each again under the same Idempotency-Key until it is acknowledged, for at most so many
    seconds; ``follow`` asks for the receipt until it is no longer "received".
    """

    port: int
    bodies: Sequence[str]
    path: str = "/api/v1/reports/"
    connections: int = 8
    rate: float = 0.0
    patient_s: float = 0.0
    follow_s: float = 0.0
    keys: Sequence[str] = field(default_factory=list)  # of idempotency, one for each body; none if empty
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of body number ``at``; ``status`` 0 if nobody answered."""

    at: int
    due: float
    took_s: float
    status: int
    tries: int = 1
    reference: str = ""
    grouped_s: float | None = None  # from sending to the receipt's saying so
    text: str = ""  # of a refusal
    refused: Sequence[int] = ()  # what patience met on the way: statuses, 0 for no answer


class Line:
    """One connection, kept open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Raises OSError; the next call connects anew."""
        try:
            if self.socket is None:
                self.socket = socket.create_connection((HOST, self.port), timeout=TIMEOUT_S)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(request)
            return self._read(self.socket)
        except OSError:
            self.close()
            raise

    def _read(self, connection: socket.socket) -> tuple[int, bytes]:
        read = b""
        while (end := read.find(b"\r\n\r\n")) < 0:
            read += self._more(connection)
        head = read[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = read[end + 4 :]
        while len(body) < length:
            body += self._more(connection)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def _more(self, connection: socket.socket) -> bytes:
        if not (part := connection.recv(65536)):
            raise ConnectionResetError("The server closed the connection.")
        return part

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def post(job: Job, at: int) -> bytes:
    body = job.bodies[at].encode()
    told = {**job.headers, "Idempotency-Key": job.keys[at]} if job.keys else job.headers
    more = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    head = f"POST {job.path} HTTP/1.1\r\nHost: {HOST}:{job.port}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def file_one(job: Job, at: int, line: Line, due: float) -> Answer:
    request = post(job, at)
    deadline = due + job.patient_s
    status, body, tries, took_s = 0, b"", 0, 0.0
    refused: list[int] = []
    while status not in (200, 201):
        if tries and time.monotonic() > deadline:
            break
        time.sleep(RETRY_S if tries else 0)
        tries += 1
        try:
            status, body = line.ask(request)
        except OSError as error:
            status, body = 0, str(error).encode()
        took_s = time.monotonic() - due
        refused += [status] if status not in (200, 201) else []
    if status not in (200, 201):
        return Answer(at, due, took_s, status, tries, text=body[:300].decode(errors="replace"), refused=refused)
    receipt = json.loads(body)
    grouped_s = wait_until_grouped(job, line, receipt, due) if job.follow_s else None
    return Answer(at, due, took_s, status, tries, receipt.get("reference", ""), grouped_s, refused=refused)


def wait_until_grouped(job: Job, line: Line, receipt: dict[str, str], since: float) -> float | None:
    request = (
        f"GET {job.path}{receipt['reference']}/ HTTP/1.1\r\nHost: {HOST}:{job.port}\r\n"
        f"Authorization: Receipt {receipt['receipt']}\r\n\r\n"
    ).encode()
    while time.monotonic() < since + job.follow_s:
        status, body = line.ask(request)
        if status == 200 and json.loads(body)["status"] != "received":
            return time.monotonic() - since
        time.sleep(LOOK_EVERY_S)
    return None


def work(job: Job) -> list[Answer]:
    """All answers, in the order of the bodies."""
    waiting: Queue[int] = Queue()
    for at in range(len(job.bodies)):
        waiting.put(at)
    answers: list[Answer] = []
    began = time.monotonic()

    def client() -> None:
        line = Line(job.port)
        while True:
            try:
                at = waiting.get_nowait()
            except Empty:
                line.close()
                return
            due = began + at / job.rate if job.rate else time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            answers.append(file_one(job, at, line, due))

    threads = [threading.Thread(target=client) for _ in range(job.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers, key=lambda answer: answer.at)


def send(job: Job) -> "subprocess.Popen[str]":
    """Start the client process on this job; :func:`answers_of` waits for it."""
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert client.stdin is not None
    client.stdin.write(json.dumps(asdict(job)))
    client.stdin.close()
    client.stdin = None
    return client


def answers_of(client: "subprocess.Popen[str]") -> list[Answer]:
    written, _ = client.communicate()
    if client.returncode != 0:
        raise RuntimeError(f"The client ended with status {client.returncode}.")
    return [Answer(**json.loads(line)) for line in written.splitlines()]


def run(job: Job) -> list[Answer]:
    return answers_of(send(job))


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    for answer in work(Job(**asked)):
        print(json.dumps(asdict(answer)))


if __name__ == "__main__":
    main()
