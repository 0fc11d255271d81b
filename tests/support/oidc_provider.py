"""An OpenID Connect provider on loopback that signs everybody in as one address, without a question."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from console.engine import process

CLIENT = "console"
SECRET = "a client secret of the tests"


class Provider:
    """Discovery, authorisation by a redirect, tokens signed with RS256, and the key to check them."""

    def __init__(self, email: str) -> None:
        self.email = email
        """Who signs in next."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.nonces: dict[str, str] = {}
        self.url = ""

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "n": _text(numbers.n), "e": _text(numbers.e)}]}

    def redirect(self, query: dict[str, list[str]]) -> str:
        code = hashlib.sha256(query["state"][0].encode()).hexdigest()
        self.nonces[code] = query.get("nonce", [""])[0]
        return f"{query['redirect_uri'][0]}?{urlencode({'code': code, 'state': query['state'][0]})}"

    def token(self, code: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 600, "nonce": self.nonces[code]}
        claims |= {"email": self.email, "email_verified": True, "name": "Ana"}
        signed = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "1"})
        return {"access_token": "unused", "token_type": "Bearer", "expires_in": 600, "id_token": signed}


@contextmanager
def provider(email: str) -> Iterator[Provider]:
    """A provider that answers until the end of the block."""
    one = Provider(email)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", one.redirect(parse_qs(parts.query)))
                self.end_headers()
                return
            self._answer(one.keys() if parts.path == "/keys" else one.metadata())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(one.token(form["code"][0]))

        def log_message(self, *_arguments: Any) -> None:
            pass

        def _answer(self, body: dict[str, Any]) -> None:
            encoded = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

    server = ThreadingHTTPServer((process.LOOPBACK, 0), Handler)
    one.url = f"http://{process.LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _text(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
