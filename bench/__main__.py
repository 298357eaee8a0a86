"""Measure everything once, print it, and keep it in bench/README.md.

python -m bench [--commands 40000] [--events 1000000 10000000]
"""

from __future__ import annotations

import argparse

from bench import commands, projections
from bench.figures import keep, machine, table


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--commands", type=int, default=40_000)
    arguments.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    asked = arguments.parse_args()
    where = machine()
    parts = [
        "## Recording",
        table(commands.measure(asked.commands, asked.events)),
        "## Projecting and reading",
        table(projections.measure(asked.events)),
    ]
    text = "\n\n".join([f"Measured {where}.", *parts])
    print(text)
    keep(text)


main()
