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

    hourly_vectors: float
    """Bytes that vector indexes search and write in an hour from which on somebody should look."""
    warm: cdk.IResolvable
    """`WarmThroughput` of the runs' table, or nothing."""
    most: cdk.IResolvable
    """`OnDemandThroughput` of the runs' table, or nothing."""

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
        vectors = cdk.CfnParameter(
            stack, "HourlyVectorBytes", type="Number", default=100_000_000_000, min_value=1,
            description="Bytes that the vector indexes of a table search and write in an hour that raise an alarm",
        )  # fmt: skip
        return cls(
            hourly_vectors=vectors.value_as_number,
            warm=_units(stack, "Warm", ("ReadUnitsPerSecond", "WriteUnitsPerSecond"), "is prepared for at once"),
            most=_units(stack, "Most", ("MaxReadRequestUnits", "MaxWriteRequestUnits"), "refuses to go beyond"),
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


def _units(stack: cdk.Stack, word: str, names: tuple[str, str], what: str) -> cdk.IResolvable:
    """Read and write units a second of the runs' table, from two parameters; nothing while they are 0."""
    reads, writes = (
        cdk.CfnParameter(
            stack, f"{word}{kind}Units", type="Number", default=0, min_value=0,
            description=f"{kind} units a second that EvaluationRuns {what}; 0: as DynamoDB chooses",
        )
        for kind in ("Read", "Write")
    )  # fmt: skip
    chosen = cdk.CfnCondition(
        stack, f"Has{word}Units",
        expression=cdk.Fn.condition_not(cdk.Fn.condition_or(
            cdk.Fn.condition_equals(reads, 0), cdk.Fn.condition_equals(writes, 0),
        )),
    )  # fmt: skip
    units = {names[0]: reads.value_as_number, names[1]: writes.value_as_number}
    return cdk.Token.as_any(cdk.Fn.condition_if(chosen.logical_id, units, cdk.Aws.NO_VALUE))
