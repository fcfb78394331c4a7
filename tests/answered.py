"""The form of a report, filled in as a browser sends it."""

FILLED = {
    "gate": "no",
    "artifact": "acme/chat-7b",
    "artifact_kind": "model",
    "summary": "It invents a court ruling",
    "what_happened": "I asked for rulings on rent and it cited one that was never made.",
    "kind": "false_information",
    "severity": "not_sure",
    "visibility": "public_after_review",
    "consent": "on",
}
