"""A feed reader understands every feed, whatever words stand in it."""

from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from django.test import Client

from reports.models import Artifact

pytestmark = pytest.mark.django_db
HOSTILE = "]]></title><script>alert(1)</script> & \u202e\u2028 \"'<b>"
ARABIC = "يخترع أحكاما قضائية"
FEEDS = (
    "/issues/feed.atom",
    "/issues/feed.atom?kind=other",
    "/models/acme/chat-7b/feed.atom",
    "/issues/feed.atom?kind=no",
)


@pytest.mark.parametrize("language", ["en", "ar", "zh-hans"])
def test_every_feed_is_read(client: Client, make_issue: Callable[..., Any], language: str) -> None:
    make_issue(HOSTILE, kind="other", public_summary=HOSTILE)
    make_issue(ARABIC, kind="other", status="resolved")

    for address in FEEDS:
        read = feedparser.parse(client.get(address, headers={"Accept-Language": language}).content)

        assert (read.bozo, read.version) == (False, "atom10"), address
        assert read.feed.title
        assert read.feed.updated_parsed is not None
        for entry in read.entries:
            assert entry.id.startswith("tag:")
            assert entry.link.startswith("http://127.0.0.1:8000/issues/TT-")
            assert entry.updated_parsed >= entry.published_parsed
            assert (entry.title_detail.type, entry.summary_detail.type) == ("text/plain", "text/html")
            assert "alert(1)" not in entry.summary or "&lt;script&gt;alert(1)" in entry.summary


def test_words_arrive_as_they_were_written(client: Client, artifact: Artifact, make_issue: Callable[..., Any]) -> None:
    make_issue(ARABIC, public_summary=ARABIC)

    (entry,) = feedparser.parse(client.get("/models/acme/chat-7b/feed.atom").content).entries

    assert entry.title == f"TT-2026-00001 {ARABIC}"
    assert entry.summary.startswith(ARABIC)


def test_the_pages_lead_to_feeds_that_are_there(client: Client, make_issue: Callable[..., Any]) -> None:
    issue = make_issue()

    for page in ("/issues/", "/models/acme/chat-7b/", issue.get_absolute_url()):
        found = feedparser.parse(client.get(page).content).feed.get("links", [])
        feeds = [link.href for link in found if link.type == "application/atom+xml"]
        assert feeds
        assert all(client.get(address).status_code == 200 for address in feeds)
