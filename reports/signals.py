"""The two things `reports` says aloud, for apps it must not know."""

from django.dispatch import Signal

# Sent with ``report_id`` after the filing transaction has committed.
report_filed = Signal()
# Sent with ``report_id`` after commit when evidence was added, withdrawn, disputed or erased.
report_changed = Signal()
