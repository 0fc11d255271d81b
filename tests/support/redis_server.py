"""A real Redis on a free loopback port, as Debian packages it, that can be killed and started again."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import redis

from tests.support.needs import missing


class RedisServer:
    """Empty at each start."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Returns when it answers."""
        program = shutil.which("redis-server")
        if program is None:
            missing("redis-server is not installed (Debian: apt-get install redis-server)")
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < give_up, "Redis did not start"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: connections break, nothing is said."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def known(self) -> list[str]:
        with redis.Redis.from_url(self.url) as client:
            return sorted(key.decode() for key in client.scan_iter())

    def put_junk_everywhere(self) -> None:
        """Every value becomes what no program wrote."""
        with redis.Redis.from_url(self.url) as client:
            for key in client.scan_iter():
                client.set(key, b'{"half": ')

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
