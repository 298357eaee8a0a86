"""Options that several commands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from infra.ledgers import Member
    from infra.settings import Settings


class Run:
    """One run of the program: its settings, read once, when something first asks for them."""

    def __init__(self, **flags: str | Path | None) -> None:
        """What flags say that every command has comes before the variables."""
        self._flags = {name: value for name, value in flags.items() if value is not None}

    @cached_property
    def said(self) -> Settings:
        """The settings as they are given. Raises `WrongSetting` where one is not right."""
        from infra.settings import settings_said

        return settings_said(**self._flags)

    @cached_property
    def settings(self) -> Settings:
        """The settings of the ledger that this run is about. Raises as `settings_with` does."""
        from infra.settings import of_its_ledger

        return of_its_ledger(self.said)


def settings_of(context: typer.Context) -> Settings:
    """The settings of this run."""
    run: Run = context.obj
    return run.settings


def said_in(context: typer.Context) -> Settings:
    """The settings as they are given, whichever ledger they name."""
    run: Run = context.obj
    return run.said


def with_store(context: typer.Context, folder: LedgerFolder) -> LedgerFolder:
    """The folder that --ledger names, with the event store that the settings name.

    Of several ledgers it is the folder of the one that is named, unless --ledger says another.
    """
    from infra.settings import check_is_one, member_of

    settings = settings_of(context)
    check_is_one(settings)
    member = member_of(settings)
    path = folder.path if member is None or is_said(context, "ledger", "folder") else settings.path
    return folder_of(settings, path, member)


def folder_of(settings: Settings, path: Path, member: Member | None = None) -> LedgerFolder:
    """A folder with the event store that the settings name."""
    if settings.store == "sqlite":
        return LedgerFolder(path, member=member)
    from infra.postgresql import Postgresql

    return LedgerFolder(path, Postgresql(settings.store, settings.patience_seconds), member)


def is_of_several(context: typer.Context, file: Path | None) -> bool:
    """Whether a question is about all ledgers: a flag says so, or none of several is named."""
    settings = said_in(context)
    return file is not None or (settings.ledgers is not None and not settings.name)


def several_ledgers(
    context: typer.Context, file: Path | None
) -> list[tuple[Settings, LedgerFolder]]:
    """Each ledger of the file that a flag or the settings name, with settings of its own.

    Raises `WrongSetting` where no file is named, and `WrongLedgers`.
    """
    from infra.errors import WrongSetting
    from infra.ledgers import read_ledgers
    from infra.settings import settings_of_member

    said = said_in(context)
    file = file or said.ledgers
    if file is None:
        raise WrongSetting(
            "No file names the ledgers: set CALL_LEDGER_LEDGERS, or give it with --ledgers."
        )
    own = [(settings_of_member(said, member), member) for member in read_ledgers(file).members]
    return [(settings, folder_of(settings, settings.path, member)) for settings, member in own]


def is_said(context: typer.Context, *parameters: str) -> bool:
    """Whether one of these parameters was given, by a flag or by its variable."""
    given = ("COMMANDLINE", "ENVIRONMENT")
    sources = [context.get_parameter_source(name) for name in parameters]
    return any(source is not None and source.name in given for source in sources)


def ledger_option(**more: Any) -> Any:
    """The flag --ledger."""
    return typer.Option(
        "--ledger",
        parser=lambda path: LedgerFolder(Path(str(path))),
        metavar="FOLDER",
        envvar="CALL_LEDGER_PATH",
        help="The ledger's folder; it is created when something is first recorded.",
        show_default=True,
        **more,
    )


DEFAULT_FOLDER = LedgerFolder(Path("call-ledger"))
LedgerOption = Annotated[LedgerFolder, ledger_option(callback=with_store)]
FolderOption = Annotated[LedgerFolder, ledger_option()]
"""For long-running processes, which read their settings once they log: see `with_store`."""

LedgersFile = Annotated[
    Path | None,
    typer.Option(
        "--ledgers",
        metavar="FILE",
        help="The file that names the ledgers; variable CALL_LEDGER_LEDGERS.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Answer as comma-separated values.")]
AsRaw = Annotated[
    bool,
    typer.Option("--raw", help="CSV with text that a spreadsheet could run left as it is."),
]
ForExcel = Annotated[
    bool,
    typer.Option("--excel", help="CSV that begins with the byte order mark Excel looks for."),
]
ToParquet = Annotated[
    Path | None, typer.Option("--parquet", metavar="FILE", help="Write the rows to a Parquet file.")
]
TimeZone = Annotated[
    str,
    typer.Option(
        envvar="CALL_LEDGER_TIME_ZONE",
        help="Time zone of days and times, and of the local times shown beside UTC.",
        metavar="NAME",
    ),
]
RuleSetName = Annotated[
    Literal["seed", "multi-party"],
    typer.Option(
        "--rules", envvar="CALL_LEDGER_RULES", help="The rule set by which commands are judged."
    ),
]
UntilEnd = Annotated[
    bool, typer.Option("--until-end", help="Stop when there is nothing new, instead of waiting.")
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        metavar="N",
        help="Answer /livez, /readyz and /metrics on this port; 0 picks a free one (see the log).",
    ),
]
Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="The address on which the port is opened.")
]
LOOPBACK = "127.0.0.1"
RequestsPerSecond = Annotated[
    int,
    typer.Option(
        envvar="CALL_LEDGER_REQUESTS_PER_SECOND",
        min=1,
        metavar="N",
        help="How many requests a second each key may make.",
    ),
]
OidcIssuer = Annotated[
    str | None,
    typer.Option(
        envvar="CALL_LEDGER_OIDC_ISSUER",
        metavar="URL",
        help="Whose access tokens are taken beside keys: the company's sign-in, as iss has it.",
    ),
]
OidcAudience = Annotated[
    str | None,
    typer.Option(
        envvar="CALL_LEDGER_OIDC_AUDIENCE",
        metavar="NAME",
        help="For whom such a token has to be, as aud has it: this server, and nobody else.",
    ),
]
OidcKeys = Annotated[
    str | None,
    typer.Option(
        envvar="CALL_LEDGER_OIDC_KEYS",
        metavar="PLACE",
        help="The key set (JWKS) of that sign-in: a file, or an https address.",
    ),
]
OidcClient = Annotated[
    str | None,
    typer.Option(
        envvar="CALL_LEDGER_OIDC_CLIENT",
        metavar="NAME",
        help="As which client the console is known to that sign-in, so that people enter by it.",
    ),
]
OidcRedirect = Annotated[
    str | None,
    typer.Option(
        envvar="CALL_LEDGER_OIDC_REDIRECT",
        metavar="URL",
        help="Where the sign-in sends them back to: this console's https://…/console/signed-in.",
    ),
]
