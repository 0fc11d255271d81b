"""Secrets in errors and logs. Before, the password of a base URL and an echoed key were stored with runs."""

from __future__ import annotations

import logging

import pytest

from console.config import Settings, variable_of
from console.errors import JudgingError, StoreError
from console.redaction import Redacting, password_in, redacted
from console.serve import ROOT


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see http://ana:hunter2@host/v1", "see http://***@host/v1"),
        ("redis://:hunter2@localhost:6379/0", "redis://***@localhost:6379/0"),
        ("https://p@ss:hunter2@host", "https://***@host"),
        ("http://0123456789abcdef@127.0.0.1:80", "http://***@127.0.0.1:80"),
        ("Authorization: Bearer hunter2hunter2", "Authorization: Bearer ***"),
        ("authorization=basic aHVudGVyMg==", "authorization=basic ***"),
        ("Incorrect API key provided: sk-abcdefghijkl1234.", "Incorrect API key provided: ***."),
        ("mail ana@example.com about http://host/a@b", "mail ana@example.com about http://host/a@b"),
        ("a basic idea", "a basic idea"),
    ],
)
def test_what_is_a_secret_by_its_form_is_not_said(said: str, shown: str) -> None:
    assert redacted(said) == shown


def test_no_error_of_the_console_says_it() -> None:
    assert "hunter2" not in str(StoreError("Could not connect to http://ana:hunter2@host"))
    assert "hunter2" not in str(JudgingError("http://ana:hunter2@host did not answer"))


def test_no_log_says_it() -> None:
    record = logging.LogRecord("httpx", 20, "", 0, "POST %s", ("http://ana:hunter2@host",), None)
    assert Redacting().filter(record)
    assert record.getMessage() == "POST http://***@host"


@pytest.mark.parametrize(
    ("url", "password"),
    [("http://ana:hunter2@host", "hunter2"), ("http://host", None), ("http://ana@host", None), (None, None)],
)
def test_the_password_of_an_address(url: str | None, password: str | None) -> None:
    assert password_in(url) == password


def test_every_setting_that_can_carry_a_secret_is_marked_so() -> None:
    named = [
        one
        for one in Settings.__dataclass_fields__.values()
        if variable_of(one).endswith(("_KEY", "_KEYS", "_URL", "_ENDPOINT"))
    ]
    assert len(named) > 10
    assert [variable_of(one) for one in named if not one.metadata["secret"]] == []
    assert "hunter2" not in repr(Settings(openai_base_url="http://ana:hunter2@host", data_dir=ROOT))
