"""`python -m console.judging.providers.local_server MODEL.gguf`: llama.cpp with one model.

The key that callers have to name is the first line of standard input; the address is the only line of standard
output. The server ends with its parent: when standard input ends, also by a kill -9.
"""

from __future__ import annotations

import os
import sys
import threading

CONTEXT = 8_192
"""Tokens that prompt and replies may have together."""
CHOICES = 5
"""Replies that one call may ask for: the prompt is read once for all of them."""


def main() -> None:
    """Serves until standard input ends."""
    import xllamacpp  # noqa: PLC0415 - an extra, and 100 MB of library

    key = sys.stdin.readline().strip()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    given = xllamacpp.CommonParams()
    given.model.path = sys.argv[1]
    given.hostnames = ["127.0.0.1"]
    given.port = 0
    given.api_keys = [key]
    given.cors_origins = "http://127.0.0.1"
    given.ui = False
    given.n_ctx = CONTEXT
    given.n_parallel = CHOICES
    given.kv_unified = True  # one memory for all replies: each may have all that the others leave
    given.cache_prompt = False  # what is kept of an earlier prompt changes the last digits of the next one's numbers
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = max((os.cpu_count() or 2) // 2, 1)
    given.warmup = False
    given.verbosity = 0
    server = xllamacpp.Server(given)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


def _end_with_parent() -> None:
    while sys.stdin.readline():
        continue
    os._exit(0)


if __name__ == "__main__":
    main()
