"""How Celery reaches its broker. Celery is the doorbell only: rows say what is to be done (docs/architecture.md)."""

import os
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.schedules import crontab
from django.conf import settings
from psycopg.conninfo import make_conninfo

from config import postgres

EMBEDDED_BROKER = "pgmq://embedded/"  # the name is never looked up: the address goes in the transport options
TASK_LIMIT_S = 60  # what a task may take; the sweep serves what it left
REDELIVERY_S = 180  # a message not acknowledged by then is given out again: longer than a task and the wait before it
SWEEP_EVERY_S = 10
POST_EVERY_S = 20
LIFT_EVERY_S = 45  # several times within the five minutes that an embargo may end late
QUEUE, CLOCK_QUEUE = "telltale", "telltale_clock"
NIGHT = 3  # the hour, UTC, at which what may take long begins
PATIENCE_S = 2  # for a broker that does not answer; longer would hold up the bells behind it


def uses_embedded_queue() -> bool:
    return not settings.BROKER_URL


def queue_address() -> str:
    """Where the queue's tables are if no broker is named: beside the embedded database, or in DATABASE_URL's."""
    if not os.environ.get("DATABASE_URL"):
        return postgres.conninfo(settings.STATE_DIR, postgres.BROKER_DATABASE)
    site = settings.DATABASES["default"]
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return make_conninfo("", **{name: site[key] for name, key in parts.items() if site[key]})


def transport_options(broker_url: str) -> dict[str, Any]:
    """No publisher waits longer than PATIENCE_S, whichever broker it is; workers try again for ever by other means."""
    scheme = urlsplit(broker_url).scheme.partition("+")[0]
    options: dict[str, Any] = {"max_retries": 0, "visibility_timeout": REDELIVERY_S}
    if scheme == "pgmq":
        options |= {
            "init_extension": False,  # postgres.install_broker has made its tables
            "pool_size": 4,
            "pool_timeout": PATIENCE_S,
            "use_notify": False,  # see Doorbell: those who take messages are woken, those who send must not listen
            "notify_throttle_interval_ms": 0,
            # Seconds. A message that finds the worker waiting is noticed at once. A worker with its hands full waits
            # this long before it takes more, whatever it has done meanwhile: with what it may hold (see below), that
            # bounds how many messages a second it serves.
            "polling_interval": 0.25,
            "wait_time_seconds": 0,
        }
        if broker_url == EMBEDDED_BROKER:
            options["conn_string"] = queue_address()
    elif scheme in {"redis", "rediss"}:
        options |= {"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S}
    elif scheme in {"amqp", "amqps", "pyamqp"}:
        options |= {"read_timeout": PATIENCE_S, "write_timeout": PATIENCE_S}
    return options


class Doorbell(Celery):
    """A Celery app whose workers are woken by the embedded queue.

    The queue's transport makes whoever declares a queue listen for its notifications. A publisher never reads them:
    after some hundreds its server process waits for ever to get rid of the next, and whatever needs every server
    process to answer (dropping a database, for one) waits for it. So only connections that are read from listen.
    """

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        if self.conf.broker_url == EMBEDDED_BROKER:
            options["transport_options"] = {**options.get("transport_options", {}), "use_notify": True}
        return super().connection_for_read(url, **options)


def celery_settings(broker_url: str) -> dict[str, Any]:
    """What every Celery app of this house is set to; an empty ``broker_url`` is the embedded queue."""
    broker_url = broker_url or EMBEDDED_BROKER
    return {
        "broker_url": broker_url,
        "broker_transport_options": transport_options(broker_url),
        "broker_connection_timeout": PATIENCE_S,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # of a worker: for ever
        "task_default_queue": QUEUE,
        # Workers take from both in turn: what beat rings for must not stand behind a flood of bells, for the sweep is
        # what serves those that were lost in it
        "task_queues": {QUEUE: {}, CLOCK_QUEUE: {}},
        "task_publish_retry": False,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_time_limit": TASK_LIMIT_S,
        "worker_enable_remote_control": False,
        "worker_prefetch_multiplier": 16,  # for each thread: 32 messages in a polling_interval are 128 a second
        "beat_schedule": by_the_clock(
            {
                "sweep": {
                    "task": "triage.tasks.sweep",
                    "schedule": SWEEP_EVERY_S,
                    "options": {"expires": TASK_LIMIT_S},
                },
                "post_notices": {  # apart from the sweep: a mail server that is slow holds up nothing else
                    "task": "triage.tasks.post_notices",
                    "schedule": POST_EVERY_S,
                    "options": {"expires": TASK_LIMIT_S},
                },
                "deliver_webhooks": {  # apart from the mail: addresses that anybody names may be slow
                    "task": "triage.tasks.deliver_webhooks",
                    "schedule": SWEEP_EVERY_S,
                    "options": {"expires": SWEEP_EVERY_S},
                },
                "examine_attachment": {  # of nobody's ring: whatever waits
                    "task": "triage.tasks.examine_attachment",
                    "schedule": SWEEP_EVERY_S,
                    "options": {"expires": SWEEP_EVERY_S},
                },
                "tidy_attachments": {"task": "triage.tasks.tidy_attachments", "schedule": crontab(minute=7)},
                "place_in_themes": {
                    "task": "triage.tasks.place_in_themes",
                    "schedule": SWEEP_EVERY_S,
                    "options": {"expires": TASK_LIMIT_S},
                },
                "lift_embargoes": {  # nobody's ring: by the minute, and only what is over for certain
                    "task": "triage.tasks.lift_embargoes",
                    "schedule": LIFT_EVERY_S,
                    "options": {"expires": LIFT_EVERY_S},
                },
                "seal_evidence": {"task": "triage.tasks.seal_evidence", "schedule": crontab(minute="*/10")},
                "catch_up_public_texts": {
                    "task": "triage.tasks.catch_up_public_texts",
                    "schedule": crontab(minute="*/10"),
                },
                "renew_dump": {"task": "triage.tasks.renew_dump", "schedule": crontab(minute="5-59/10")},
                "finish_erasures": {
                    "task": "triage.tasks.finish_erasures",
                    "schedule": crontab(),
                    "options": {"expires": TASK_LIMIT_S},
                },
                "apply_retention": {"task": "triage.tasks.apply_retention", "schedule": crontab(hour=NIGHT, minute=5)},
                "write_dump": {"task": "triage.tasks.write_dump", "schedule": crontab(hour=NIGHT, minute=10)},
                "link_themes": {"task": "triage.tasks.link_themes", "schedule": crontab(hour=NIGHT, minute=30)},
                "reprioritise": {"task": "triage.tasks.reprioritise", "schedule": crontab(hour=NIGHT, minute=20)},
                "propose": {"task": "triage.tasks.propose", "schedule": crontab(hour=NIGHT, minute=50)},
                "watch": {"task": "triage.tasks.watch", "schedule": crontab(hour=NIGHT, minute=40)},
                "watch_themes": {"task": "triage.tasks.watch_themes", "schedule": crontab(minute=45)},
            }
        ),
    }


def by_the_clock(schedule: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The schedule with everything in it sent to the queue that bells do not fill."""
    return {
        name: {**due, "options": {"queue": CLOCK_QUEUE, **due.get("options", {})}} for name, due in schedule.items()
    }
