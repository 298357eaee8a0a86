"""The image's own steps, run in a folder of this machine, and a machine that is read-only."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FILE = ROOT / "Containerfile"

SEAL = """
mount --bind "$0" "$0"
mount -o remount,bind,ro /
exec setpriv --reuid 10001 --regid 10001 --clear-groups "$@"
"""
"""Nothing but one folder can be written, and who runs is nobody that this machine knows."""


class Step(NamedTuple):
    """One instruction of the file, such as COPY, and its words."""

    name: str
    words: str


def stages() -> list[list[Step]]:
    """The steps of each stage; one that goes on over several lines is one step."""
    text = FILE.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[list[Step]] = []
    for line in lines:
        name, _, words = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Step(name, " ".join(words.split())))
    return found


class Built:
    """What the first stage makes, in a folder that everybody may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = folder / "opt"
        self.data = folder / "data"

    def build(self) -> None:
        """Copy and run what the first stage copies and runs; `.containerignore` is kept to."""
        source = self.folder / "source"
        for name, words in stages()[0]:
            if name == "COPY":
                *wanted, _ = words.split()
                for one in files_of_the_context():
                    if any(within(one, folder) for folder in wanted):
                        (source / one).parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(ROOT / one, source / one)
            if name == "RUN":
                subprocess.run(words, shell=True, cwd=source, env=self.surroundings, check=True)
        shutil.rmtree(source)
        shutil.rmtree(f"{self.target}.tools")

    @property
    def surroundings(self) -> dict[str, str]:
        """This machine's variables, without what is of the environment that runs the test."""
        others = {key: value for key, value in os.environ.items() if "VIRTUAL_ENV" not in key}
        path = f"{self.python.parent}:/usr/bin:/bin"
        return {**others, "PATH": path, "TARGET": str(self.target)}

    @cached_property
    def python(self) -> Path:
        """A Python that everybody may run, as the image's."""
        found = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
        assert found, "the image's steps need a python3 for all accounts: install Debian's python3"
        return Path(found)

    def sealed(self, *words: str) -> Sequence[str]:
        """The command with nothing to write to but the data's folder, by a number of an account."""
        return ["unshare", "--mount", "sh", "-euc", SEAL, str(self.data), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program, sealed, to its end."""
        return subprocess.run(
            self.sealed("call-ledger", *words),
            cwd=self.data,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def serving(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """`serve`, sealed, and the port that it says."""
        words = self.sealed("call-ledger", "serve", "--port", "0")
        pipe = subprocess.PIPE
        with subprocess.Popen(
            words, cwd=self.data, env=self.variables, stdout=pipe, stderr=pipe, text=True
        ) as process:
            assert process.stdout is not None
            try:
                said = process.stdout.readline()
                yield process, said.rpartition(":")[2].partition(";")[0]
            finally:
                process.kill()

    @property
    def variables(self) -> dict[str, str]:
        """What the image sets, with the folder in the place of its volume and of /tmp."""
        return {
            "PATH": f"{self.target}/bin:/usr/bin:/bin",
            "HOME": str(self.data / "tmp"),
            "TMPDIR": str(self.data / "tmp"),
            "CALL_LEDGER_PATH": str(self.data / "ledger"),
        }


def within(one: str, folder: str) -> bool:
    return Path(one).is_relative_to(folder)


def files_of_the_context() -> list[str]:
    """Files that git knows or would take, as far as `.containerignore` lets them in."""
    lines = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [one for one in names.splitlines() if one.split("/")[0] in let_in]


@contextmanager
def built_image() -> Iterator[Built]:
    """The program as the image has it, built for as long as this lasts."""
    with tempfile.TemporaryDirectory(prefix="call-ledger-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        built = Built(folder)
        (built.data / "tmp").mkdir(parents=True)
        for one in (built.data, built.data / "tmp"):
            os.chown(one, 10001, 10001)
        built.build()
        yield built


def health_check() -> list[str]:
    """The words of the image's own health check."""
    (step,) = (step for step in stages()[1] if step.name == "HEALTHCHECK")
    return [word.strip(",") for word in shlex.split(step.words.partition("CMD [")[2].rstrip("]"))]
