"""The product's settings with the tables and the bare view alone: no middleware, one URL. Never used by the product."""

from config.settings import *  # noqa: F403 -- all but what follows is to be the same

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.postgres",
    "ledger",
    "accounts",
    "reports",
]
MIDDLEWARE = []
ROOT_URLCONF = "bench.bare"
