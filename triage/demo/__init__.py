"""The demo content: invented artifacts, reports and decisions. Read by `load_demo` and by the background counts."""

TRIAGER = "demo-triager@example.org"  # the account that made the demo's decisions
