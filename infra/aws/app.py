"""The CDK app: `cdk deploy GEvalDynamoDBStack`, or `python -m infra.aws.app template` to write `template.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import aws_cdk as cdk

from infra.aws.monitoring import add_monitoring
from infra.aws.parameters import Parameters
from infra.aws.tables import add_policies, add_tables

NAME = "GEvalDynamoDBStack"
TEMPLATE = Path(__file__).with_name("template.json")


def build(app: cdk.App) -> cdk.Stack:
    """The one stack: tables, who may use them, and what watches them."""
    stack = cdk.Stack(
        app,
        NAME,
        description="G-Eval console: DynamoDB tables, access policies, alarms and a dashboard",
        synthesizer=cdk.BootstraplessSynthesizer(),
        analytics_reporting=False,
    )
    parameters = Parameters.of(stack)
    tables = add_tables(stack, parameters)
    cdk.Validations.of(app).acknowledge(
        cdk.Acknowledgment(
            id="CloudFormation-Validate::E3039", reason="Keys of vector indexes are defined as attributes, too."
        ),
        cdk.Acknowledgment(
            id="CloudFormation-Validate::F3034", reason="0 means that the limit is left out: a condition sees to it."
        ),
    )
    add_policies(stack, tables, parameters)
    add_monitoring(stack, parameters)
    return stack


def write_template() -> None:
    """Write `template.json` anew."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        build(app)
        made = app.synth().get_stack_by_name(NAME).template
    TEMPLATE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["template"]:
        write_template()
    else:
        app = cdk.App()
        build(app)
        app.synth()
