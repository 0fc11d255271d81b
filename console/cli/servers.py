"""`serve` and `api`: the commands that run until they are stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.options import DataDir, load_settings

ApiPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the API; a free one when it is taken.")]
ConsolePort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the console; a free one when it is taken.")]
SampleData = Annotated[bool, typer.Option("--sample-data/--no-sample-data", help="Fill an empty store with examples.")]


def serve(
    api_port: ApiPort = 8000, console_port: ConsolePort = 8501, sample_data: SampleData = True, data_dir: DataDir = None
) -> None:
    """Run the engine, the API and the console until Ctrl-C."""
    from console import serve as supervisor

    supervisor.serve(
        load_settings(data_dir),
        api_port=api_port,
        console_port=console_port,
        sample_data=sample_data,
        say=typer.echo,
    )


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Run the REST API alone until Ctrl-C."""
    from console.serve import serve_api

    serve_api(load_settings(data_dir), host=host, port=port, workers=workers, say=typer.echo)
