"""`python -m console.engine.tether MODULE ARGUMENTS...`: run a module no longer than its parent lives.

The parent keeps the other end of standard input open. When it ends, also by kill -9, the input ends
too and this process stops itself, so that no server is left behind on its port.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 5.0


def main() -> None:
    """Run the module that the arguments name."""
    threading.Thread(target=_stop_at_the_end_of_input, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _stop_at_the_end_of_input() -> None:
    while os.read(0, 4096):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
