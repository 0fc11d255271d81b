"""The one DynamoDB client of a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
_STREAMS_POOL = 8
_PARSED_HERE = (
    "GetItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
)


class NotTheStore(BotoCoreError):
    """Something else answers at the address, and would seem to have taken what was written."""

    fmt = "What answers at the store's address is no DynamoDB: it sends {kind!r}. Check DYNAMODB_ENDPOINT, and proxies."


def make_client(region: str, endpoint: str | None, *, pool: int = 64) -> Any:
    """The one DynamoDB client of a process: explicit time-outs, no hidden retries.

    `open_streams()` of it makes a client for the streams of the same tables.

    AWS uses the usual chain of credentials. Another endpoint is asked with those in its address,
    `http://<access key id>:<secret key>@<host>`, which go no further than here; most local engines need none.
    """
    address, *keys = credentials_in(endpoint) if endpoint else (None, None, None)
    client = _client("dynamodb", region, address, keys, pool)
    for operation in _PARSED_HERE:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _parse_body)
    client.open_streams = partial(_client, "dynamodbstreams", region, address, keys, _STREAMS_POOL)
    return client


def _client(service: Any, region: str, address: str | None, keys: Sequence[str | None], pool: int) -> Any:
    access_key, secret_key = keys
    client = boto3.client(
        service,
        region_name=region,
        endpoint_url=address,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            max_pool_connections=pool,
            retries={"mode": "standard", "total_max_attempts": 1},
            parameter_validation=False,
            tcp_keepalive=True,
        ),
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    client.meta.events.register(f"before-parse.{service}", _check_origin)
    return client


def credentials_in(endpoint: str) -> tuple[str, str, str]:
    """An endpoint without its credentials, and the access key id and secret key (`local` where there are none)."""
    parts = urlsplit(endpoint)
    host = parts.netloc.rpartition("@")[2]
    access_key, secret_key = unquote(parts.username or "") or "local", unquote(parts.password or "") or "local"
    return urlunsplit(parts._replace(netloc=host)), access_key, secret_key


def _check_origin(response_dict: dict[str, Any], **_: Any) -> None:
    """Raises NotTheStore for an answer in another form than DynamoDB and its likes give."""
    kind = response_dict["headers"].get("content-type", "")
    if response_dict["status_code"] < 300 and kind and "x-amz-json" not in kind:
        raise NotTheStore(kind=kind)


def _parse_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Reads the body with orjson: botocore's own walk over the shape costs five times as much CPU."""
    _check_origin(response_dict)
    if response_dict["status_code"] < 300:
        try:
            customized_response_dict.update(orjson.loads(response_dict["body"]))
        except (TypeError, ValueError) as error:
            raise HTTPClientError(error=f"an answer that is not the store's: {error}") from error
        response_dict["body"] = b"{}"
