"""`models list` and `models price`."""

from __future__ import annotations

from typing import Annotated

import typer

from console.actions.permissions import outsider
from console.cli.options import AsJson, DataDir, open_services, operator, print_json
from console.errors import existing
from console.records import Model

app = typer.Typer(help="Models and their prices, in US dollars per million tokens.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """The models of the catalog with their prices."""
    with open_services(data_dir) as services:
        models = sorted(services.catalog.models(), key=lambda model: (model.provider, model.name))
    if as_json:
        print_json([_facts(model) for model in models])
        return
    for model in models:
        typer.echo(f"{model.name} ({model.provider}): {_prices(model)}")


@app.command("price")
def price(
    name: Annotated[str, typer.Argument(help="The model, as the catalog names it.")],
    input_price: Annotated[float, typer.Option("--input", min=0, metavar="USD", help="A million prompt tokens.")],
    output_price: Annotated[
        float, typer.Option("--output", min=0, metavar="USD", help="A million tokens of answers, reasoning included.")
    ],
    cached_price: Annotated[
        float | None,
        typer.Option(
            "--cached",
            min=0,
            metavar="USD",
            help="A million prompt tokens from the provider's cache.",
            show_default="as the others",
        ),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say what a model costs from now on; finished runs keep the cost that they had."""
    from console.actions.configuration.catalog import set_prices

    with open_services(data_dir) as services:
        model = existing(services.catalog.model_named(name), "model", name)
        actor = outsider(operator())
        model = set_prices(services, actor, model.model_id, input_price, output_price, cached_price)
    if as_json:
        print_json(_facts(model))
    else:
        typer.echo(f"{model.name}: {_prices(model)}")


def _facts(model: Model) -> dict[str, object]:
    return {
        "id": model.model_id,
        "name": model.name,
        "provider": model.provider,
        "input": model.input_price,
        "output": model.output_price,
        "cached": model.cached_price,
    }


def _prices(model: Model) -> str:
    if model.input_price is None or model.output_price is None:
        return "no prices"
    cached = "" if model.cached_price is None else f", ${model.cached_price:g} cached"
    return f"${model.input_price:g} in, ${model.output_price:g} out{cached}, per million tokens"
