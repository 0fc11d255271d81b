"""Settings: one frozen object; every variable, its help text and its check in one place.

A value comes from the environment, else from `.streamlit/secrets.toml`, else from its default.
An empty value counts as not set. The table in docs/settings.md is `settings_table()`.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from console.errors import SetupError
from console.setting_texts import choice, log_level, matching, seconds, switch, texts, url, whole_number

SECRETS_FILE = Path(".streamlit/secrets.toml")
ROOT = Path(__file__).resolve().parent.parent
"""Where the code is: a clone, or the folder of installed packages."""
HOME = ROOT if (ROOT / "pyproject.toml").is_file() else Path.cwd()
"""Where engines and secrets belong: the clone; of an installed package the folder that it is started in."""

Store = Literal["embedded", "endpoint", "aws", "sqlite"]
EngineKind = Literal["dynoxide", "dynamodb_local", "moto"]


def _setting(
    default: object,
    text: str,
    parse: Callable[[str], object] = str,
    *,
    secret: bool = False,
    variable: str = "",
) -> Any:
    """A field with its help text and parser; a secret one stays out of `repr`.

    Args:
        variable: of the environment, where it has not the field's name.
    """
    metadata = {"variable": variable, "help": text, "parse": parse, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def _http_url(default: str | None, text: str) -> Any:
    """An address that may hold a password."""
    return _setting(default, text, url("http", "https"), secret=True)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment decides. Build it with `Settings.load()`."""

    database_type: Literal["dynamodb", "sqlite"] | None = _setting(
        None,
        "`dynamodb`: tables in AWS (or at `DYNAMODB_ENDPOINT`); `sqlite`: serve from the legacy database. "
        "Neither this nor an endpoint named: the embedded engine.",
        choice("dynamodb", "sqlite"),
    )
    aws_region: str = _setting(
        "us-east-1",
        "AWS region of the tables.",
        matching(r"[a-z0-9-]+", "a region such as us-east-1"),
    )
    dynamodb_endpoint: str | None = _http_url(
        None,
        "Address of a DynamoDB-compatible engine, such as `http://localhost:8000`; tables are created on request.",
    )
    table_prefix: str = _setting(
        "",
        "Put before every table name, so that several installations share one account.",
        matching(r"[A-Za-z0-9_.-]{1,200}", "letters, digits, '_', '-' and '.', at most 200 of them"),
    )
    cache_url: str | None = _setting(
        None,
        "Redis or Valkey shared by all processes, such as `redis://localhost:6379/0`. Optional.",
        url("redis", "rediss", "unix"),
        secret=True,
    )
    opensearch_url: str | None = _http_url(
        None,
        "OpenSearch 2.7 or newer for the search strategy `opensearch`, such as `https://user:password@host`. Optional.",
    )
    opensearch_sign: bool | None = _setting(
        None,
        "Sign requests to OpenSearch with the AWS credentials (SigV4). Not set: yes for `*.es.amazonaws.com` without a "
        "user in the address.",
        switch,
    )
    embed_runs: bool | None = _setting(
        None,
        "Keep an embedding of each finished run's text, for similar runs and clusters of failing ones. Not set: yes, "
        "except in AWS.",
        switch,
    )
    cache_bytes: int = _setting(
        64 * 1024 * 1024,
        "Memory for finished runs kept in each process, in bytes; 0 keeps none.",
        whole_number(0),
    )
    vector_cache_bytes: int = _setting(
        512 * 1024 * 1024,
        "Memory for the vectors of collections kept in each process, in bytes; about 1,200 per chunk.",
        whole_number(0),
    )
    index_lag_seconds: float = _setting(
        10.0,
        "How long a process lays its own writes over what the indexes answer.",
        seconds,
    )
    openai_api_key: str | None = _setting(None, "Key of the OpenAI-compatible API that judges.", secret=True)
    openai_base_url: str | None = _http_url(
        None,
        "Base URL of another OpenAI-compatible API.",
    )
    openai_embedding_model: str = _setting(
        "text-embedding-3-small",
        "Model of the embedder `openai`; it must be able to make vectors of 384 numbers.",
    )
    anthropic_api_key: str | None = _setting(None, "Key for judges of the provider `anthropic`.", secret=True)
    anthropic_base_url: str = _http_url(
        "https://api.anthropic.com/v1",
        "OpenAI-compatible API of the provider `anthropic`.",
    )
    google_api_key: str | None = _setting(None, "Key for judges of the provider `google`.", secret=True)
    google_base_url: str = _http_url(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "OpenAI-compatible API of the provider `google`.",
    )
    bedrock_api_key: str | None = _setting(
        None,
        "Amazon Bedrock API key for judges of the provider `bedrock`.",
        secret=True,
        variable="AWS_BEARER_TOKEN_BEDROCK",
    )
    bedrock_base_url: str | None = _http_url(
        None,
        "OpenAI-compatible API of the provider `bedrock`. Not set: the one of Amazon Bedrock in `AWS_REGION`.",
    )
    ollama_base_url: str = _http_url(
        "http://127.0.0.1:11434/v1",
        "OpenAI-compatible API of the provider `ollama`; it needs no key.",
    )
    local_model_path: Path | None = _setting(
        None,
        "GGUF file of the provider `local`, which needs no key. Not set: the small model of `make local-judge`.",
        Path,
    )
    other_api_key: str | None = _setting(
        None, "Key for judges of any other provider, where its server wants one.", secret=True
    )
    other_base_url: str | None = _http_url(
        None,
        "OpenAI-compatible API of any other provider.",
    )
    judge_timeout_seconds: float = _setting(120.0, "Longest wait for one answer of a judge's model.", seconds)
    api_keys: tuple[str, ...] = _setting(
        (),
        "Keys that the API accepts, separated by commas; `sha256:<hex>` instead of a key keeps the key itself out of "
        "here. None: the API asks for no key, and listens on this machine only.",
        texts,
        secret=True,
    )
    api_rate_limit: int = _setting(
        6_000,
        "Requests per minute that the API takes from one key, in each worker; 0: no limit.",
        whole_number(0),
    )
    api_evaluations: int = _setting(
        16,
        "Evaluations that one worker of the API runs at the same time; more wait their turn.",
        whole_number(1),
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        "Origins whose pages may call the API from a browser, such as `https://tools.example`, separated by commas; "
        "`*` for all. None: no page of another origin.",
        texts,
    )
    legacy_field_names: Literal["snake", "camel"] = _setting(
        "snake",
        "Names of the texts in the API's documents: `snake` (`actual_output`) or `camel` (`evaluationTarget`). "
        "Requests may use either.",
        choice("snake", "camel"),
    )
    console_key: str | None = _setting(
        None,
        "Secret of 32 or more characters that seals users and signs sessions, or `secretsmanager:<name>` of one in AWS "
        "Secrets Manager. Several, the newest first, while it is changed. Not set: `console.key` in the data folder.",
        secret=True,
    )
    oidc_verified_issuers: tuple[str, ...] = _setting(
        (),
        "Issuers (`iss`) of OpenID Connect whose e-mail addresses are verified although they do not say so, separated "
        "by commas. All others have to say `email_verified: true`.",
        texts,
    )
    console_users_file: Path | None = _setting(
        None,
        "JSON file of users to add to those in the store: a list of {username, role, password or passwordHash}.",
        Path,
    )
    document_ttl_days: int | None = _setting(
        None,
        "Days after which documents of the API are removed. Not set: they are kept.",
        whole_number(1),
    )
    run_shards: int = _setting(
        1,
        "Shards that the runs of a new installation are spread over, 1 to 64; one takes about 500 runs a second of a "
        "judge. `python -m console tables spread N` moves an installation that has runs.",
        whole_number(1, 64),
    )
    run_id_block: int | None = _setting(
        None,
        "Ids of runs that a process takes at a time. Not set: 1, so that ids are dense, or 100 where runs are spread.",
        whole_number(1),
    )
    sqlite_path: Path = _setting(Path("geval.db"), "The legacy database, for `DATABASE_TYPE=sqlite`.", Path)
    data_dir: Path = _setting(Path(".local"), "Folder of the embedded engine's data; `--data-dir` overrides it.", Path)
    engine_kind: EngineKind | None = _setting(
        None,
        "Embedded engine: `dynoxide` or `dynamodb_local` (durable), or `moto` (in memory). Not set: the first of these "
        "that this machine can have. Beside an endpoint it says what answers there.",
        choice("dynoxide", "dynamodb_local", "moto"),
    )
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL.", log_level)
    production: bool = _setting(False, "`true` protects the tables that are created against deletion.", switch)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, secrets_file: Path = SECRETS_FILE) -> Self:
        """Read the environment (it wins) and the secrets file.

        Raises SetupError naming the variable, its value and what is allowed.
        """
        values = _read_secrets(secrets_file) | dict(os.environ if environ is None else environ)
        changes: dict[str, Any] = {}
        for setting in dataclasses.fields(cls):
            text = values.get(variable_of(setting), "").strip()
            if text:
                changes[setting.name] = _parse(setting, text)
        return cls(**changes)

    @property
    def store(self) -> Store:
        """Which engine these settings name (DESIGN section 7)."""
        if self.database_type == "sqlite":
            return "sqlite"
        if self.dynamodb_endpoint:
            return "endpoint"
        return "aws" if self.database_type == "dynamodb" else "embedded"

    @property
    def embeds_runs(self) -> bool:
        """Whether finished runs get an embedding."""
        return self.store in ("embedded", "endpoint") if self.embed_runs is None else self.embed_runs

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def variable_of(setting: dataclasses.Field[Any]) -> str:
    """The variable of the environment that gives a setting."""
    return str(setting.metadata["variable"]) or setting.name.upper()


def settings_table() -> str:
    """The settings as a markdown table, for `docs/settings.md`."""
    rows = [
        f"| `{variable_of(one)}` | {_shown_default(one.default)} | {one.metadata['help']} |"
        for one in dataclasses.fields(Settings)
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _shown_default(default: object) -> str:
    if default in (None, "", ()):
        return "-"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _parse(setting: dataclasses.Field[Any], text: str) -> object:
    variable, parse, secret = variable_of(setting), setting.metadata["parse"], setting.metadata["secret"]
    try:
        return parse(text)
    except ValueError as error:
        shown = "(a secret, not shown)" if secret else repr(text)
        raise SetupError(f"{variable} is {shown}, which is not {error}. Correct or unset it.") from error


def _read_secrets(path: Path) -> dict[str, str]:
    """Top-level values of the secrets file as an environment would hold them; {} without a file."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} cannot be read: {error}. Correct it or remove it.") from error
    return {key: _as_text(value) for key, value in document.items() if not isinstance(value, dict)}


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)
