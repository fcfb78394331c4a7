"""A server that makes vectors, asked over HTTP: text-embeddings-inference and the shape that OpenAI's API has.

Which of the two is told by the path: one that ends on ``/embeddings`` is the latter, and then ``#NAME`` at the end of
the address names the model. Nothing is followed to another address, and no proxy is asked.
"""

import json
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlsplit

import numpy as np

from triage.embedders.protocol import EmbedderUnavailable, Vectors, unit_rows

TIMEOUT_S = 4.0  # for one request, from the first byte sent to the last byte read
AT_ONCE = 32  # texts in one request; what text-embeddings-inference takes unless told otherwise
LONGEST_TEXT = 4_000  # characters
TOO_LONG = {400, 413, 422}  # what servers answer to a text that is longer than their model reads
SHORTEST_TRY = 500  # characters; a server that refuses so short a text refuses for another reason
MOST_BYTES = 16_000_000  # of an answer; 32 vectors of 4,096 numbers are 3 million
CHUNK = 65_536  # bytes
MAX_TOKENS = 512  # what the models behind such servers commonly read; they cut by themselves
ENGLISH = frozenset({"en"})


class Refused(Exception):
    """The server will not take these texts, perhaps because one is too long."""


class HttpEmbedder:
    """An endpoint. Nothing is asked of it before the first text."""

    max_tokens = MAX_TOKENS

    def __init__(
        self, url: str, *, api_key: str = "", languages: frozenset[str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        parts = address_of(url)
        self.id = f"http:{url}"
        self.languages = ENGLISH if languages is None else languages
        self._parts = parts
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._is_openai = parts.path.rstrip("/").endswith("/embeddings")
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._dimension = 0  # not known yet

    @property
    def dimension(self) -> int:
        if not self._dimension:
            self.encode(["one"])
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        cut = [text[:LONGEST_TEXT] for text in texts]
        answers = [
            vectors for start in range(0, len(cut), AT_ONCE) for vectors in self._answers(cut[start : start + AT_ONCE])
        ]
        lengths = {vectors.shape[1] for vectors in answers} | ({self._dimension} if self._dimension else set())
        if len(lengths) > 1:
            raise EmbedderUnavailable(f"The embedder's vectors have changed their length: {sorted(lengths)}.")
        if not answers:
            return np.empty((0, self._dimension), dtype=np.float32)
        (self._dimension,) = lengths
        return np.vstack(answers)

    def _answers(self, texts: list[str]) -> list[Vectors]:
        """Asks for all at once; if that is refused, for each alone; if that is refused, for half of it."""
        try:
            return [unit_rows(self._rows(texts), len(texts))]
        except Refused as refused:
            if len(texts) > 1:
                return [vectors for text in texts for vectors in self._answers([text])]
            half = texts[0][: len(texts[0]) // 2]
            if len(half) < SHORTEST_TRY:
                raise EmbedderUnavailable(f"The embedder will not take a text: {refused}.") from refused
            return self._answers([half])

    def _rows(self, texts: list[str]) -> object:
        if not self._is_openai:
            return self._ask({"inputs": texts, "truncate": True})
        asked = {"input": texts, "encoding_format": "float"}
        answer = self._ask(asked | ({"model": self._parts.fragment} if self._parts.fragment else {}))
        try:
            rows = {int(row.get("index", at)): row["embedding"] for at, row in enumerate(answer["data"])}
            return [rows[at] for at in range(len(texts))]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EmbedderUnavailable("The embedder's answer has no {data: [{index, embedding}]}.") from error

    def _ask(self, question: dict[str, Any]) -> Any:
        deadline = time.monotonic() + self._timeout_s
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        connection = self._connection()
        try:
            connection.request("POST", self._target, json.dumps(question).encode(), headers)
            response = connection.getresponse()
            body = read_until(response, deadline)
        except (OSError, HTTPException, ValueError) as error:  # ValueError: an address or a key that cannot be sent
            raise EmbedderUnavailable(f"The embedder does not answer: {type(error).__name__} {error}") from error
        finally:
            connection.close()
        if response.status in TOO_LONG:
            raise Refused(f"status {response.status}")
        if response.status != 200:
            raise EmbedderUnavailable(f"The embedder answered with status {response.status}.")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise EmbedderUnavailable("The embedder answered with something other than JSON.") from error

    def _connection(self) -> HTTPConnection:
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        return kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout_s)


def make(place: str, *, api_key: str, languages: frozenset[str] | None) -> HttpEmbedder:
    return HttpEmbedder(place, api_key=api_key, languages=languages)


def address_of(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.username or parts.password:
        raise EmbedderUnavailable(
            "EMBEDDER must be http: and then the address of an endpoint, as in http:http://127.0.0.1:8080/embed. "
            "A key goes into EMBEDDER_API_KEY, not into the address."
        )
    return parts


def read_until(response: HTTPResponse, deadline: float) -> bytes:
    """The whole body, if it comes in time and is not too long: a server that drips would else hold us for ever."""
    body = bytearray()
    while chunk := response.read1(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise EmbedderUnavailable(f"The embedder's answer is longer than {MOST_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise EmbedderUnavailable("The embedder takes too long to answer.")
    return bytes(body)
