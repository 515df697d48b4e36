"""The commands and their arguments; what they do stands in `calibrate.cli.work`."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibrate.cli.constants import DEFAULT_CONFIG, QUIET, STOPPED
from calibrate.errors import CalibrateError

if TYPE_CHECKING:
    from calibrate.cli import work
else:

    class _Work:
        """Loads the library when a command runs, so that ``--help`` answers at once."""

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("calibrate.cli.work"), name)

    work = _Work()

__all__ = ["app", "main"]

HELP = "Turn your own lead history into a lead score that can be defended with numbers."
EPILOG = "Start with: calibrate demo. With your own files: calibrate init LEADS ACTIVITIES."

app = typer.Typer(
    name="calibrate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """How numbers are shown."""

    table = "table"
    csv = "csv"
    json = "json"


class ChangesFormat(StrEnum):
    """How changes are shown."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"


Config = Annotated[
    Path, typer.Option("--config", "-c", help="Settings file.", show_default=True, metavar="FILE")
]
Show = Annotated[Format, typer.Option("--format", help="How to show numbers.")]
_CARD = "A scorecard.json or run folder; default the card in force, else the newest run."
Card = Annotated[Path | None, typer.Option("--card", metavar="CARD", help=_CARD)]
_PACKAGE = Path(__file__).parents[1]
_QUIET = ("--quiet", "-q")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; default those of the process.

    Returns
    -------
    int
        0 done; 1 an expected error, said in one line on stderr; 2 wrong usage; 3 a gate
        tripped, everything written all the same; 130 stopped by Ctrl-C.
    """
    _never_fail_on_a_character()
    given, is_quiet = _without_quiet(sys.argv[1:] if arguments is None else list(arguments))
    before = QUIET.set(is_quiet)
    try:
        return _main(given)
    finally:
        QUIET.reset(before)


def _without_quiet(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--quiet`` out of the arguments, wherever it stands before a ``--``."""
    given = list(arguments)
    end = given.index("--") if "--" in given else len(given)
    kept = [word for word in given[:end] if word not in _QUIET]
    return [*kept, *given[end:]], len(kept) < end


def _main(arguments: list[str]) -> int:
    try:
        app(args=arguments, prog_name="calibrate")
    except SystemExit as stop:
        if stop.code == STOPPED:
            sys.stderr.write("stopped; a file or folder is written whole or not at all\n")
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except CalibrateError as error:
        _say_error(str(error))
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        name = Path(str(error.filename)).name if error.filename else "a file"
        _say_error(f'"{name}" cannot be read or written: {error.strerror}')
        return 1
    except _of_libraries() as error:
        _say_error(_unforeseen(error))
        return 1
    return 0


def _say_error(text: str) -> None:
    """Say an error on stderr, in red on a terminal."""
    if not sys.stderr.isatty():
        sys.stderr.write(f"error: {text}\n")
        return
    from rich.console import Console  # noqa: PLC0415 - only once something has failed
    from rich.text import Text  # noqa: PLC0415

    said = Text.assemble(("error:", "bold red"), f" {text}")
    Console(stderr=True, soft_wrap=True).print(said)


def _of_libraries() -> tuple[type[Exception], ...]:
    """Return what libraries raise where values are too large for them, or not of their kind.

    A net below the checks at the door. KeyError, TypeError and the like are not in it, nor
    is a statement the engine cannot parse: those are faults of ours and show their trace.
    """
    import duckdb  # noqa: PLC0415 - only once something has failed: --help imports nothing
    import pyarrow as pa  # noqa: PLC0415

    of_engine = (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException)
    return (*of_engine, pa.ArrowException, OverflowError, RecursionError, UnicodeError)


def _unforeseen(error: Exception) -> str:
    """Say what failed and where; the library's own words may quote a cell."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    place = ours[-1] if ours else frames[-1]
    return (
        "the data, a file or a setting holds a value that cannot be computed with "
        f"({type(error).__name__} in {Path(place.filename).name}, line {place.lineno})"
    )


@app.callback(invoke_without_command=True, help=HELP, epilog=EPILOG)
def _about(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True)
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="No progress and no remarks, only the answer; at any place."
        ),
    ] = False,
) -> None:
    del quiet  # taken out of the arguments before
    if show_version:
        try:
            typer.echo(f"calibrate {version('calibrate')}")
        except PackageNotFoundError:
            typer.echo("calibrate, not installed")
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=True)
    ] = Path("calibrate-demo"),
    show: Show = Format.table,
) -> None:
    """Calibrate a score on a simulated company: files, settings and report."""
    raise typer.Exit(work.demo(out, show=show))


@app.command()
def init(
    leads: Annotated[Path, typer.Argument(metavar="LEADS", help="CSV, gz, Parquet or xlsx.")],
    activities: Annotated[
        Path | None, typer.Argument(metavar="[ACTIVITIES]", help="The log of activities.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace calibrate.toml.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing, take what the data say.")
    ] = False,
    show: Show = Format.table,
) -> None:
    """Look at your files and write a commented calibrate.toml.

    On a terminal it asks what the data cannot tell; Ctrl-C writes nothing.
    """
    raise typer.Exit(work.init(leads, activities, DEFAULT_CONFIG, force=force, yes=yes, show=show))


@app.command()
def check(config: Config = DEFAULT_CONFIG, show: Show = Format.table) -> None:
    """Show what was read, the control rate, and whether it is enough."""
    raise typer.Exit(work.check(config, show))


@app.command()
def run(
    config: Config = DEFAULT_CONFIG,
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help='Such as "2023Q4".')
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="The day the data was exported.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The run folder; default runs/<period>-<hash>."),
    ] = None,
    show: Show = Format.table,
) -> None:
    """Measure, fit, cut, prove, report.

    Exit code 3: the gate says to keep the card in force; everything is written all the same.
    """
    raise typer.Exit(work.run(config, period=period, as_of=as_of, out=out, show=show))


@app.command()
def score(
    leads: Annotated[
        Path | None, typer.Argument(metavar="[LEADS]", help="Other leads than in the settings.")
    ] = None,
    activities: Annotated[
        Path | None, typer.Argument(metavar="[ACTIVITIES]", help="Their activities.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    card: Card = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a .csv or .parquet file.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="Write into this table of the [database]."),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option("--previous", metavar="FILE", help="Earlier scores: tell who changed tier."),
    ] = None,
    show: Show = Format.table,
) -> None:
    """Score the open leads with all that is known of them."""
    raise typer.Exit(
        work.score(
            config, (leads, activities), card, out=out, table=table, previous=previous, show=show
        )
    )


@app.command()
def export(
    card: Annotated[
        Path | None,
        typer.Argument(metavar="[CARD]", help="A scorecard.json or run folder."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The form: sql.")],
    dialect: Annotated[
        str | None,
        typer.Option(
            "--dialect",
            metavar="NAME",
            help="duckdb, postgres, spark, snowflake, bigquery or databricks.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="T", help="Score as of this day; default: when it is run."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write a file.")] = None,
) -> None:
    """Write a card for another system: as SQL that scores the leads in your own database."""
    raise typer.Exit(
        work.export(config, card=card, target=to, dialect=dialect, as_of=as_of, out=out)
    )


@app.command()
def explain(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD_ID")],
    config: Config = DEFAULT_CONFIG,
    card: Card = None,
    show: Show = Format.table,
) -> None:
    """Say which rules a lead meets and how many points each gives."""
    raise typer.Exit(work.explain(config, lead_id, card=card, show=show))


@app.command()
def backtest(config: Config = DEFAULT_CONFIG, card: Card = None, show: Show = Format.table) -> None:
    """Ask whether the score would have worked, quarter after quarter."""
    raise typer.Exit(work.backtest(config, card=card, show=show))


@app.command()
def monitor(
    card: Annotated[
        Path | None,
        typer.Argument(metavar="[CARD]", help="A scorecard.json or run folder."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="The day the data was exported.")
    ] = None,
    show: Show = Format.table,
) -> None:
    """Ask whether a card still keeps its promises.

    Exit code 3: recalibrate.
    """
    raise typer.Exit(work.monitor(config, card=card, as_of=as_of, show=show))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A scorecard.json or run folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="A scorecard.json or run folder.")],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Settings whose open leads are compared; default calibrate.toml, if it is here.",
        ),
    ] = None,
    show: Annotated[
        ChangesFormat, typer.Option("--format", help="How to show the changes.")
    ] = ChangesFormat.table,
) -> None:
    """Say what a new card changes against an old one, why, and which open leads move up."""
    raise typer.Exit(work.diff(old, new, config=config, show=show))


@app.command()
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    lang: Annotated[str, typer.Option("--lang", metavar="en|it", help="Language.")] = "en",
) -> None:
    """Write the pages of a run again, also in another language."""
    raise typer.Exit(work.report(run_folder, lang=lang))


@app.command()
def promote(
    run_folder: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="The run whose card comes into force.")
    ] = None,
    *,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to the card before.")] = False,
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who signs.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason.")],
    when: Annotated[
        str | None, typer.Option("--when", metavar="DATE", help="The day; default today.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Put the card of a run in force, or the one before it again."""
    if run_folder is None and not rollback:
        raise typer.BadParameter(work.what_to_promote(config))
    if rollback and run_folder is not None:
        raise typer.BadParameter("name a RUN to promote, or --rollback, not both")
    raise typer.Exit(work.promote(config, run_folder, who=who, why=why, when=when))


def _never_fail_on_a_character() -> None:
    if sys.stdout is None:  # closed: ">&-"
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
