"""A web page that is saved as a mail (MHT), as word processors embed it."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.errors import MessageError

from console.search.files.formats.html import html_text, parsed
from console.search.files.formats.sections import Refused


def page_text(content: bytes) -> str:
    """The words of the page in a mail. Raises Refused: there is none."""
    try:
        message = message_from_bytes(content, policy=policy.compat32)
    except (MessageError, ValueError) as error:
        raise Refused("it is damaged") from error
    for part in message.walk():
        body = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(body, bytes):
            return html_text(parsed(body))
    raise Refused("it holds no page")
