"""The signature is the one of the specification, by its own example."""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest

from reports.webhooks.signing import headers, new_secret, signature

# From the test suites of the libraries that come with the specification: standard-webhooks/standard-webhooks,
# libraries/go/webhook_test.go, TestWebhookSign, and the same in the other languages.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_as_published() -> None:
    assert signature(SECRET, message_id=ID, timestamp=TIMESTAMP, body=BODY) == SIGNED


def test_each_valid_secret_signs() -> None:
    other = new_secret()

    sent = headers([other, SECRET], message_id=ID, timestamp=TIMESTAMP, body=BODY)

    assert set(sent) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (sent["webhook-id"], sent["webhook-timestamp"]) == (ID, "1614265330")
    assert sent["webhook-signature"].split(" ")[1] == SIGNED
    key = base64.b64decode(other.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{ID}.{TIMESTAMP}.".encode() + BODY, hashlib.sha256)
    assert sent["webhook-signature"].split(" ")[0] == "v1," + base64.b64encode(mac).decode()


def test_a_secret_is_as_long_as_the_specification_asks() -> None:
    secret = new_secret()

    assert secret.startswith("whsec_")
    assert secret != new_secret()
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_the_receiver_in_the_documents_takes_ours_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    document = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
    told: dict[str, Any] = {}
    exec(document.split("```python\n")[1].split("```")[0], told)
    sent = headers([new_secret(), SECRET], message_id=ID, timestamp=TIMESTAMP, body=BODY)

    monkeypatch.setattr(time, "time", lambda: TIMESTAMP + 100.0)
    assert told["is_ours"](SECRET, sent, BODY)
    assert not told["is_ours"](new_secret(), sent, BODY)
    assert not told["is_ours"](SECRET, sent, BODY + b" ")
    assert not told["is_ours"](SECRET, {**sent, "webhook-id": "msg_other"}, BODY)
    monkeypatch.setattr(time, "time", lambda: TIMESTAMP + 301.0)
    assert not told["is_ours"](SECRET, sent, BODY)
