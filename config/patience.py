"""Questions to a server that may never answer, asked so that whoever asks waits no longer than they said."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar, cast

from django.db import DatabaseError, connection

AnswerT = TypeVar("AnswerT")
_asked: dict[Callable[[], Any], "Future[Any]"] = {}
_asking = Lock()


def within(seconds: float, question: Callable[[], AnswerT]) -> AnswerT:
    """The answer to ``question``, asked in a thread of its own. Raises TimeoutError, DatabaseError.

    While it hangs it is not asked again: everybody waits for the same answer, so that a server that hangs for an hour
    holds one thread.
    """
    with _asking:
        answer = _asked.get(question)
        if answer is None or answer.done():
            answer = _asked[question] = Future()
            Thread(target=_ask, args=[question, answer], name="question", daemon=True).start()
    return cast(AnswerT, answer.result(timeout=seconds))


def _ask(question: Callable[[], Any], answer: "Future[Any]") -> None:
    try:
        answer.set_result(question())
    except DatabaseError as failure:  # whoever waits for the answer raises it
        answer.set_exception(failure)
    finally:
        if not answer.done():
            answer.set_exception(RuntimeError("The question failed; the thread that asked it says how."))
        connection.close()
