"""Canonical JSON and digests: the same meaning, the same bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.documents import canonical_json, digest, parse_document
from strategies_documents import as_block_yaml, as_json, json_data, json_mappings, shuffled

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(data=json_data | st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_canonical_json_is_that_of_rfc_8785(data: Any) -> None:
    """The quick writer and the one of RFC 8785 give the same bytes."""
    assert canonical_json(data) == rfc8785.dumps(data)


def test_the_digest_is_the_sha_256_of_the_canonical_text() -> None:
    """The worked example of the specification."""
    assert canonical_json({"b": 1, "a": "x"}) == b'{"a":"x","b":1}'
    assert digest({"b": 1, "a": "x"}) == "sha256:" + hashlib.sha256(b'{"a":"x","b":1}').hexdigest()


def test_keys_are_ordered_by_utf_16_units() -> None:
    """Beyond the basic plane the order is that of UTF-16, not that of code points."""
    assert canonical_json({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'.encode()


@given(data=json_mappings, draw=st.data())
def test_a_digest_does_not_depend_on_order_format_or_place(data: dict[str, Any], draw: st.DataObject) -> None:
    """The same request in another order of keys, in YAML or JSON, under another name, has the same digest."""
    request = {
        "id": "r1",
        "input_tokens": 1,
        "attributes": {"facts": [str(value) for value in data.values()]},
    }
    other = shuffled(request, draw.draw)
    first, first_problems = parse_document(as_json(request), file="here/a.json", kind="request")
    second, _ = parse_document(as_block_yaml(other).encode(), file="there/b.yaml", kind="request")
    if first is None:
        assert second is None
        assert first_problems
    else:
        assert second is not None
        assert first.digest == second.digest
