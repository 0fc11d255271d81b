"""Requests to Amazon OpenSearch Service, signed by the usual AWS credentials (SigV4).

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3

from console.errors import SetupError

if TYPE_CHECKING:
    from console.config import Settings

_AMAZON = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.es\.amazonaws\.com(?:\.cn)?$")


def signer(settings: Settings) -> Any:
    """Signs what is sent to the address of the settings; None where nothing is to be signed.

    Signed is what `OPENSEARCH_SIGN` says, by default an address of Amazon's service that names no user.

    Raises:
        SetupError: it is to be signed, and there are no credentials.
    """
    address = urlsplit(settings.opensearch_url or "")
    amazon = _AMAZON.search(address.hostname or "")
    wanted = settings.opensearch_sign
    if not (bool(amazon and not address.username) if wanted is None else wanted):
        return None
    from opensearchpy import Urllib3AWSV4SignerAuth  # noqa: PLC0415 - an extra

    region = amazon[1] if amazon else settings.aws_region
    credentials = boto3.Session(region_name=region).get_credentials()
    if credentials is None:
        raise SetupError(
            "Requests to OpenSearch are to be signed, and there are no AWS credentials. Give the console a role or "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or set OPENSEARCH_SIGN=off."
        )
    return Urllib3AWSV4SignerAuth(credentials, region)
