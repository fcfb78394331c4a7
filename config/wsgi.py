"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from triage.presence import live_as

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
list(get_resolver().url_patterns)  # loads every page now, and not with the first request
live_as("web")
# What is loaded stays. Without this the collector goes through all of it now and then, which held a request up for a
# tenth of a second once in 75 pages of the desk.
gc.collect()
gc.freeze()
