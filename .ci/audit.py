"""`make audit`: known weaknesses of the packages that run, and in so many words when they could not be looked up.

Exit codes: 0 all were looked up and none is known to be weak, 1 some are, 2 some or all could not be looked up.
pip-audit alone says "No known vulnerabilities found" when its service knows none of the packages.
"""

from __future__ import annotations

import json
import subprocess
import sys

LOCK = "locks/run.txt"
COMMAND = ("pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
_SHOWN = 5


def main() -> int:
    """Ask, and say what came of it; further arguments go to pip-audit."""
    command = [sys.executable, "-m", *COMMAND, "--requirement", LOCK, *sys.argv[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        sys.stderr.write(f"Nothing was audited: the service could not be reached. Are you offline?\n{last}\n")
        return 2
    return report(packages)


def report(packages: list[dict[str, object]]) -> int:
    """Print what is known of the packages; returns the exit code."""
    weak = [one for one in packages if one.get("vulns")]
    skipped = [str(one["name"]) for one in packages if "skip_reason" in one]
    for one in weak:
        for found in one["vulns"]:  # type: ignore[attr-defined]
            mended = ", ".join(found.get("fix_versions") or ["no release yet"])
            sys.stdout.write(f"{one['name']} {one['version']}: {found['id']}, mended in {mended}\n")
    looked_up = len(packages) - len(skipped)
    sys.stdout.write(f"{looked_up} of {len(packages)} packages were looked up; {len(weak)} have known weaknesses.\n")
    if skipped:
        names = ", ".join(skipped[:_SHOWN]) + (f" and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else "")
        sys.stderr.write(f"Not audited, because the service does not know them: {names}. Is it a mirror?\n")
    return 1 if weak else 2 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
