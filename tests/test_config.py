"""Settings: where values come from, what is refused, what is shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from console.config import Settings, settings_table
from console.errors import SetupError

NO_SECRETS = Path("no-such-secrets.toml")


def load(**environ: str) -> Settings:
    return Settings.load(environ, NO_SECRETS)


def secrets(folder: Path, text: str) -> Path:
    path = folder / "secrets.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_named_means_the_embedded_engine_and_the_defaults() -> None:
    settings = load()
    assert settings.store == "embedded"
    assert settings.data_dir == Path(".local")
    assert settings.aws_region == "us-east-1"
    assert settings.document_ttl_days is None
    assert settings.cache_bytes == 67_108_864
    assert settings.index_lag_seconds == 10.0
    assert settings.production is False


@pytest.mark.parametrize(
    ("environ", "store"),
    [
        ({"DATABASE_TYPE": "dynamodb"}, "aws"),
        ({"DATABASE_TYPE": "sqlite"}, "sqlite"),
        ({"DATABASE_TYPE": "SQLite"}, "sqlite"),
        ({"DYNAMODB_ENDPOINT": "http://localhost:8000"}, "endpoint"),
        ({"DATABASE_TYPE": "dynamodb", "DYNAMODB_ENDPOINT": "http://localhost:8000"}, "endpoint"),
        ({"DATABASE_TYPE": "sqlite", "DYNAMODB_ENDPOINT": "http://localhost:8000"}, "sqlite"),
        ({"DATABASE_TYPE": "", "DYNAMODB_ENDPOINT": " "}, "embedded"),
    ],
)
def test_the_store_follows_from_what_is_named(environ: dict[str, str], store: str) -> None:
    assert load(**environ).store == store


def test_values_are_read_with_their_types() -> None:
    settings = load(
        API_KEYS="one, two,",
        CACHE_BYTES="0",
        DATA_DIR="/tmp/elsewhere",
        DOCUMENT_TTL_DAYS="30",
        INDEX_LAG_SECONDS="0.5",
        LOG_LEVEL="debug",
        PRODUCTION="yes",
        TABLE_PREFIX="team-a_",
    )
    assert settings.api_keys == ("one", "two")
    assert settings.cache_bytes == 0
    assert settings.data_dir == Path("/tmp/elsewhere")
    assert settings.document_ttl_days == 30
    assert settings.index_lag_seconds == 0.5
    assert settings.log_level == "DEBUG"
    assert settings.production is True
    assert settings.table_prefix == "team-a_"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("DATABASE_TYPE", "mysql", "one of dynamodb, sqlite"),
        ("DYNAMODB_ENDPOINT", "localhost:8000", "a URL that begins with http:// or https://"),
        ("TABLE_PREFIX", "team a", "letters, digits"),
        ("CACHE_URL", "http://localhost", "redis:// or rediss:// or unix://"),
        ("CACHE_BYTES", "-1", "a whole number, 0 or more"),
        ("DOCUMENT_TTL_DAYS", "0", "a whole number, 1 or more"),
        ("DOCUMENT_TTL_DAYS", "1.5", "a whole number, 1 or more"),
        ("INDEX_LAG_SECONDS", "nan", "a number of seconds, 0 or more"),
        ("INDEX_LAG_SECONDS", "-1", "a number of seconds, 0 or more"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
        ("PRODUCTION", "maybe", "true or false"),
        ("ENGINE_KIND", "sqlite", "one of dynoxide, dynamodb_local, moto"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    with pytest.raises(SetupError) as caught:
        load(**{variable: value})
    assert str(caught.value).startswith(f"{variable} is ")
    assert allowed in str(caught.value)


def test_a_refused_value_is_shown_unless_it_is_a_secret() -> None:
    with pytest.raises(SetupError, match=r"TABLE_PREFIX is 'team a'"):
        load(TABLE_PREFIX="team a")
    with pytest.raises(SetupError) as caught:
        load(CACHE_URL="http://:hunter2@localhost")
    assert "hunter2" not in str(caught.value)


def test_secrets_stay_out_of_the_repr() -> None:
    settings = load(API_KEYS="alpha", OPENAI_API_KEY="bravo", CACHE_URL="redis://:gamma@localhost")
    assert settings.api_keys == ("alpha",)
    assert "alpha" not in repr(settings)
    assert "bravo" not in repr(settings)
    assert "gamma" not in repr(settings)


def test_the_environment_wins_over_the_secrets_file(tmp_path: Path) -> None:
    path = secrets(tmp_path, 'AWS_REGION = "eu-west-1"\nTABLE_PREFIX = "file-"')
    settings = Settings.load({"AWS_REGION": "eu-central-1"}, path)
    assert settings.aws_region == "eu-central-1"
    assert settings.table_prefix == "file-"


def test_the_secrets_file_may_use_its_own_types(tmp_path: Path) -> None:
    path = secrets(tmp_path, 'API_KEYS = ["a", "b"]\nPRODUCTION = true\nDOCUMENT_TTL_DAYS = 7\n[other]\nx = 1')
    settings = Settings.load({}, path)
    assert settings.api_keys == ("a", "b")
    assert settings.production is True
    assert settings.document_ttl_days == 7


def test_a_broken_secrets_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = secrets(tmp_path, "AWS_REGION = ")
    with pytest.raises(SetupError, match=r"secrets\.toml cannot be read"):
        Settings.load({}, path)


def test_settings_cannot_be_changed_in_place_but_copied_with_changes() -> None:
    settings = load()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.table_prefix = "x"  # type: ignore[misc]
    assert settings.replace(table_prefix="x").table_prefix == "x"
    assert settings.table_prefix == ""


def test_the_table_has_one_row_with_help_for_every_setting() -> None:
    rows = settings_table().splitlines()
    assert rows[0] == "| variable | default | meaning |"
    assert len(rows) == 2 + len(dataclasses.fields(Settings))
    assert "| `DATA_DIR` | `.local` | Folder of the embedded engine's data; `--data-dir` overrides it. |" in rows
    assert "| `OPENAI_API_KEY` | - | Key of the OpenAI-compatible API that judges. |" in rows
