"""Everything goes wrong while reports are filed: ``make chaos``, or ``python -m bench.chaos TRIAL …``."""
