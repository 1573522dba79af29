"""Whatever JSON can hold, for properties of what reads it."""

from __future__ import annotations

import json

from hypothesis import strategies as st

#: Any text; surrogates that make a pair are joined, as whoever reads JSON does.
any_text = st.text(st.integers(0, 0x10FFFF).map(chr)).map(lambda s: json.loads(json.dumps(s)))

#: Values that properties of a node can have.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=8,
)

#: What stands where something else should: small, and numbers may be none.
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda below: st.lists(below, max_size=5) | st.dictionaries(st.text(max_size=8), below),
    max_leaves=10,
)
