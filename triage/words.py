"""What the type checker calls a sentence that is translated when it is read."""

from django.utils.functional import Promise

Words = str | Promise
