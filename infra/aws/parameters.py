"""What whoever deploys the stack may choose."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk


@dataclass(frozen=True, slots=True)
class Parameters:
    """The template's parameters; each has a default."""

    prefix: str
    """`TABLE_PREFIX` of the console's settings."""
    protected: str
    """Whether tables refuse to be deleted."""
    key: str
    """ARN of a KMS key; empty for the key that DynamoDB owns."""
    has_key: cdk.CfnCondition
    email: str
    """Who hears of alarms; empty for nobody."""
    has_email: cdk.CfnCondition
    hourly_units: float
    """Write units of the runs' table in an hour from which on somebody should look."""

    @classmethod
    def of(cls, stack: cdk.Stack) -> Parameters:
        """Declares them."""
        prefix = cdk.CfnParameter(
            stack, "TablePrefix", default="", allowed_pattern="[a-zA-Z0-9_.-]{0,100}",
            description="TABLE_PREFIX of the console: put before every table name",
        )  # fmt: skip
        protected = cdk.CfnParameter(
            stack, "DeletionProtection", default="true", allowed_values=["true", "false"],
            description="Whether the tables refuse to be deleted",
        )  # fmt: skip
        key = cdk.CfnParameter(
            stack, "KmsKeyArn", default="",
            description="KMS key that encrypts the tables; empty: the key that DynamoDB owns, at no cost",
        )  # fmt: skip
        email = cdk.CfnParameter(
            stack, "AlarmEmail", default="", description="Address that alarms are sent to; empty: none"
        )
        units = cdk.CfnParameter(
            stack, "HourlyWriteUnits", type="Number", default=2_000_000, min_value=1,
            description="Write units of EvaluationRuns in an hour that raise an alarm; 2 million are about $1.25",
        )  # fmt: skip
        return cls(
            prefix=prefix.value_as_string,
            protected=protected.value_as_string,
            key=key.value_as_string,
            has_key=_given(stack, "HasKmsKey", key),
            email=email.value_as_string,
            has_email=_given(stack, "HasAlarmEmail", email),
            hourly_units=units.value_as_number,
        )

    def table_name(self, name: str) -> str:
        """A table's whole name."""
        whole: str = cdk.Fn.join("", [self.prefix, name])
        return whole


def _given(stack: cdk.Stack, name: str, parameter: cdk.CfnParameter) -> cdk.CfnCondition:
    empty = cdk.Fn.condition_equals(parameter.value_as_string, "")
    return cdk.CfnCondition(stack, name, expression=cdk.Fn.condition_not(empty))
