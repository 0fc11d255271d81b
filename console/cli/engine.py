"""`engine`: the embedded engine of a data folder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, load_settings, print_json

if TYPE_CHECKING:
    from console.engine.engine import EngineStatus

app = typer.Typer(help="The embedded engine of a data folder.", no_args_is_help=True)


@app.command()
def start(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port.", show_default="a free one")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Start the engine and leave it running until `engine stop`."""
    from console.engine import engine

    settings = load_settings(data_dir)
    with engine.acquire(settings.data_dir, port, kind=settings.engine_kind) as lease:
        lease.keep()
    _print_status(engine.status(settings.data_dir), as_json)


@app.command()
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show whether the engine runs, where, and whether anything uses it."""
    from console.engine import engine

    _print_status(engine.status(load_settings(data_dir).data_dir), as_json)


@app.command()
def stop(
    force: Annotated[bool, typer.Option("--force", help="Also while programs use it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Stop the engine; its data stays."""
    from console.engine import engine

    stopped = engine.stop(load_settings(data_dir).data_dir, force=force)
    typer.echo("The engine is stopped." if stopped else "No engine was running.")


def _print_status(status: EngineStatus | None, as_json: bool) -> None:
    if as_json:
        print_json({"running": status is not None, **(dataclasses.asdict(status) if status else {})})
    elif not status:
        typer.echo("No engine is running.")
    else:
        use = "in use" if status.in_use else "not in use"
        typer.echo(f"{status.kind} {status.version} at {status.endpoint} (process {status.pid}, {use})")
        if status.warning:
            typer.echo(f"Warning: {status.warning}", err=True)
