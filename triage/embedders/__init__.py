"""Turning texts into vectors whose cosine says how alike they are in meaning. Optional; no Django in here."""

import os

# Since its 1.29 onnxruntime tells its maker of the machine and of each model that is loaded, from the moment it is
# imported, unless this is set by then; switching it off by a call comes after the first message.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
