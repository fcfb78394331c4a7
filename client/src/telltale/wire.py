"""One request to one site: tried again where that may help, and never sent anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from telltale.patience import Patience, may_pass, told_wait
from telltale.problem import NOT_REACHED, Problem, document_of, problem_of

VERSION = "0.1.0"
REDIRECTS_AT_MOST = 5
Wait = Callable[[float, str], None]  # seconds, and why in words


def site_of(url: str) -> str:
    """Scheme, host and port of an address: all there is to say which site is meant.

    Raises ValueError in words for a person.

    >>> site_of("https://telltale.example/issues/")
    'https://telltale.example'
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The address of a site begins with https:// or http://.")
    if parts.username or parts.password:
        raise ValueError("The address of a site holds no name and no password.")
    return f"{parts.scheme}://{parts.netloc}"


class Wire:
    """A connection to a site, with or without a token, which goes to that site's API and nowhere else."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float,
        patience: Patience,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        on_wait: Wait | None = None,
    ) -> None:
        if token and not token.isascii():
            raise ValueError("This is no token: it holds characters beyond ASCII.")
        self.site = site_of(url)
        self.patience = patience
        self.sleep = sleep
        self._token = token
        self._clock = clock
        self._on_wait = on_wait
        self._http = httpx.Client(
            base_url=self.site,
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            transport=transport,
            headers={"User-Agent": f"telltale-client/{VERSION}", "Accept-Language": "en"},
        )

    def __repr__(self) -> str:
        return f"<Wire to {self.site}>"

    def close(self) -> None:
        self._http.close()

    def told(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The document that a request is answered with."""
        answer = self.answer(method, path, **sent)
        document = document_of(answer)
        if not document:
            raise Problem(answer.status_code, "What answered there is no Telltale site: it sent no document.")
        return document

    def answer(
        self,
        method: str,
        path: str,
        *,
        allowed: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> httpx.Response:
        """The answer, read whole. Raises :class:`Problem` for every refusal whose status is not ``allowed``."""
        with self.opened(method, path, allowed=allowed, headers=headers, **sent) as answer:
            return answer

    @contextmanager
    def opened(
        self,
        method: str,
        path: str,
        *,
        allowed: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        is_streamed: bool = False,
        **sent: Any,
    ) -> Iterator[httpx.Response]:
        """The answer; streamed, its body may be read until this ends."""
        for _each in range(REDIRECTS_AT_MOST):
            request = self._http.build_request(method, path, headers=self._headers(path, headers), **sent)
            answer = self._answer(request, is_streamed=is_streamed)
            try:
                if method == "GET" and answer.is_redirect:
                    path, sent = self._elsewhere(answer), {}
                    continue
                if not answer.is_success and answer.status_code not in allowed:
                    _read(answer)
                    raise problem_of(answer, told_wait(answer, self._clock()))
                yield answer
                return
            finally:
                answer.close()
        raise Problem(NOT_REACHED, "The site sends on from address to address without end.")

    def path_of(self, link: str) -> str:
        """A link as an address of this site, whatever host it names: what we send is for this site alone."""
        parts = urlsplit(link)
        return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")

    def _headers(self, path: str, given: Mapping[str, str] | None) -> dict[str, str]:
        """The token goes to the API only; a request that names its own authorisation, as a receipt does, keeps it."""
        theirs = {"Authorization": f"Bearer {self._token}"} if self._token and path.startswith("/api/") else {}
        return {**theirs, **(given or {})}

    def _elsewhere(self, answer: httpx.Response) -> str:
        target = answer.url.join(answer.headers.get("Location", ""))
        if f"{target.scheme}://{target.netloc.decode()}" != self.site:
            raise Problem(answer.status_code, f"The site sends on to {target}. Use that address, if you trust it.")
        return self.path_of(str(target))

    def _answer(self, request: httpx.Request, *, is_streamed: bool) -> httpx.Response:
        """The last of as many tries as patience allows. Every one is the same request, by the same key."""
        is_keyed = "Idempotency-Key" in request.headers
        waited = 0.0
        for attempt in range(1, self.patience.tries + 1):
            told: float | None = None
            try:
                answer = self._http.send(request, stream=True)
                if not is_streamed:
                    _read(answer)
            except httpx.TransportError as error:
                failure: httpx.TransportError | None = error
                why = f"{self.site} was not reached"
            else:
                if not may_pass(answer, is_keyed=is_keyed):
                    return answer
                failure, told = None, told_wait(answer, self._clock())
                why = f"{self.site} asks to wait" if told is not None else f"{self.site} is busy"
            wait = self.patience.wait_before(attempt, told)
            if attempt == self.patience.tries or waited + wait > self.patience.total_s:
                break
            if failure is None:
                answer.close()
            if self._on_wait:
                self._on_wait(wait, why)
            self.sleep(wait)
            waited += wait
        if failure is not None:
            raise Problem(NOT_REACHED, f"{self.site} cannot be reached: {failure or type(failure).__name__}.") from None
        return answer


def _read(answer: httpx.Response) -> None:
    """The whole body. Raises :class:`Problem` if it is no body: a broken encoding is nothing that may pass."""
    try:
        answer.read()
    except httpx.DecodingError as error:
        raise Problem(answer.status_code, f"The site's answer cannot be read: {error}.") from None
