"""Measure everything in one go, one bench after another; each keeps its table in bench/README.md.

python -m bench [NAME ...]: these alone, for example `http archive`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import Final

KEPT: Final[dict[str, list[list[str]]]] = {
    "commands": [["--keep"]],
    "projections": [["1000000", "10000000", "--keep"]],
    "http": [["--seconds", "12", "--keep"]],
    "archive": [["--keep"]],
    "otherwise": [["--keep"]],
    "replay": [["--keep"]],
    "workers": [["--events", "2000000", "--keep"]],
    "ledgers": [["--keep"]],
    "postgresql": [["--keep"]],
    "kafka_publishing": [["--keep"]],
    "kafka_projecting": [["--keep"]],
    "end_to_end": [["--keep"], ["--minutes", "10", "--keep", "ten-minutes"]],
    "shards": [["--minutes", "2", "--keep"]],
}
"""Each bench, and what it is told, once for each table that it keeps."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME")
    names = arguments.parse_args().names or list(KEPT)
    if unknown := set(names) - set(KEPT):
        arguments.error(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(KEPT)}")
    failed = 0
    for name in names:
        for told in KEPT[name]:
            print(f"# {name} {' '.join(told)}", flush=True)
            start = time.monotonic()
            # One that fails leaves the table that it kept before, and the others go on.
            ended = subprocess.run([sys.executable, "-m", f"bench.{name}", *told], check=False)
            failed += ended.returncode != 0
            print(f"# {name}: {time.monotonic() - start:.0f} seconds, code {ended.returncode}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
