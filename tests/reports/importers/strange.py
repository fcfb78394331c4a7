"""Values that no tool writes, put anywhere into what one does write."""

import json
from random import Random
from typing import Any

from hypothesis import strategies as st

STRANGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["n/a", "\0", "\ud800", 10**400, "x" * 3_000, "1e999"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "name", "text", "turns", "role", "content", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(document: Any, random: Random, value: Any) -> Any:
    """A copy of the document with the value in some place, or that place gone."""
    copied = json.loads(json.dumps(document))
    *path, last = random.choice([place for place in places(copied) if place])
    holder = copied
    for key in path:
        holder = holder[key]
    if random.random() < 0.2:
        del holder[last]
    else:
        holder[last] = value
    return copied
