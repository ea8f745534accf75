"""Join codes survive being read out and typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assist.codes import make_code, normalised


@given(chance=st.randoms(use_true_random=False))
def test_a_code_is_recognised_however_it_is_typed(chance) -> None:
    """Case, spaces and dashes do not matter."""
    code = make_code(chance)
    plain = code.replace("-", "")
    assert normalised(code) == normalised(code.lower()) == normalised(" ".join(plain)) == plain


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFG0", "ABCD-EFGHJ", "ÄBCD-EFGH", "----"])
def test_what_is_no_code_is_none(typed: str) -> None:
    """Wrong letters and lengths are not looked up."""
    assert normalised(typed) is None
