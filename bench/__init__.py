"""Measures Telltale against its budgets: ``python -m bench``. Faults are dealt out by ``python -m bench.chaos``."""
