from __future__ import annotations

import pytest

from datagap.report.redaction import Redactor

REDACTED = [
    ("mail josé@ejemplo.es or bob@münchen.de", "mail [email] or [email]"),
    ("maría.núñez@ejemplo.es", "[email]"),
    ("root@localhost said", "[email] said"),
    ("u_ana/u_ben", "[person]/[person]"),
    ("«u_ana» “u_ana” *u_ana* [u_ana] u_ana\u2019s u_ana… u_ana|x #u_ana {u_ana} U_ANA", None),
    ("u_ana.u_ben", "[person].[person]"),
    ("hi @u_zoe and <@U024BE7LH|zoe>", "hi [person] and [person]"),
    ("call +49 30 1234567 or (555) 123-4567", "call [phone] or [phone]"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [id] please"),
    ("key sk-abcdefghijklmnop and ghp_0123456789abcdef", "key [secret] and [secret]"),
    ("order 123456789012", "order [id]"),
    ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "[id]"),
]
KEPT = [
    "mart_orders_daily has 12 columns since 2026-03-01",
    "loaded at 2026-03-01T12:00:00Z, 24 hours late",
    "net revenue by region over the last 30 days",
    "u_anaconda is a table and banana is a fruit",
    "stg_20260301 and orders_v2 at 99.5%",
]


@pytest.mark.parametrize(("text", "expected"), REDACTED, ids=[text for text, _ in REDACTED])
def test_personal_data_is_taken_out(text: str, expected: str | None) -> None:
    redacted = Redactor(["u_ana", "u_ben"]).redact(text)
    assert "u_ana" not in redacted.lower()
    assert expected is None or redacted == expected


@pytest.mark.parametrize("text", KEPT)
def test_what_is_not_personal_stays(text: str) -> None:
    assert Redactor(["u_ana", "u_ben"]).redact(text) == text


def test_names_are_redacted_as_they_are_written_and_common_words_stay() -> None:
    redactor = Redactor(["ana.ruiz"], ["Ana Ruiz", "Rosa Day"])
    text = "Hi Ana, a rosa day. Thanks, Ana Ruiz (ana.ruiz)"
    assert redactor.redact(text) == "Hi [person], a rosa day. Thanks, [person] [person] ([person])"
