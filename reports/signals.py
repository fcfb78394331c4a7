"""What `reports` says aloud, for apps it must not know."""

from django.dispatch import Signal

# Sent with ``report_id`` after the filing transaction has committed.
report_filed = Signal()
# Sent with ``report_id`` and ``verb``, the event's, after commit: evidence was added, it was withdrawn, disputed,
# adopted or erased, or its reporter wrote.
report_changed = Signal()
# Sent with ``attachment_ids`` after the files have been taken and that has committed.
attachments_taken = Signal()
# Sent with ``import_id`` after an import has all its bytes and that has committed: it waits for a worker.
import_waits = Signal()
# Sent with ``report`` and ``said`` inside the transaction that erases it, twice: before any lock is taken, when
# ``said`` is None; and once issues and report are locked, with what its words are (reports.text.quoting).
report_erasing = Signal()
