from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import ids

PINNED = [
    (ids.query_id(0), "q_00000000"),
    (ids.query_id(99_999_999), "q_99999999"),
    (ids.message_id("slack", 12, 3), "s_0000012_03"),
    (ids.message_id("email", 9_999_999, 30), "e_9999999_30"),
    (ids.gap_id(7), "gap_0007"),
    (ids.group_id(["missing_column", "mart_orders", "region"]), "g_adfff89a34af"),
]


@pytest.mark.parametrize(("made", "expected"), PINNED)
def test_ids_stay_what_they_were(made: str, expected: str) -> None:
    assert made == expected


@given(st.lists(st.text("ab_"), min_size=1, max_size=3), st.lists(st.text("ab_"), min_size=1, max_size=3))
def test_groups_share_an_id_only_if_they_share_the_key(one: list[str], other: list[str]) -> None:
    assert (ids.group_id(one) == ids.group_id(other)) is (one == other)


@given(st.integers(0, 9_999_998), st.integers(0, 98))
def test_messages_of_a_thread_sort_by_position_and_channels_never_meet(thread: int, position: int) -> None:
    here = ids.message_id("slack", thread, position)
    assert here < ids.message_id("slack", thread, position + 1) < ids.message_id("slack", thread + 1, 0)
    assert here != ids.message_id("email", thread, position)
