"""`call-ledger demo --serve`: the console on the demo's day, with a key that is said once."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.entrypoints.calling import PROGRAM, ROOT, call, environment


def test_the_console_opens_on_the_demos_day(tmp_path: Path) -> None:
    command = [*PROGRAM, "demo", "--calls", "5", "--serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        (url,) = re.findall(r"Open (http://127\.0\.0\.1:\d+) ", said)
        (key,) = re.findall(r"^clk_\w+$", said, re.MULTILINE)
        with httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False) as client:
            entered = client.post("/console/enter", data={"key": key})
            cookie = entered.headers["set-cookie"].partition(";")[0]
            found = client.get("/console/find", headers={"Cookie": cookie})
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "5 of 5 calls at position" in found.text


def test_a_company_is_served_by_its_own_command(tmp_path: Path) -> None:
    told = call(tmp_path, "demo", "--company", "--serve")
    assert told.code == 2
    assert "leave --company out" in told.said
