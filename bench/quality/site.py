"""``python -m bench.quality.site FILE QUERIES``: robustness, in a process that has Django as manage.py has."""

import os
import sys
from importlib import import_module

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    import_module("bench.quality.robustness").main(sys.argv[1:])  # whose models need the line above
