"""The tables as `console.data.store.tables` defines them, and what each kind of process may do with them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from console.data.store import tables
from infra.aws.findings import accept
from infra.aws.parameters import Parameters

READ = {
    tables.CASES: ("GetItem", "BatchGetItem"),
    tables.JUDGES: ("BatchGetItem",),
    tables.RUNS: ("GetItem", "BatchGetItem"),
    tables.VECTORS: ("GetItem", "BatchGetItem"),
    tables.COLLECTIONS: ("GetItem",),
}
"""How items are read by their keys; thresholds are read by lists alone."""
WRITE = {
    tables.CASES: ("PutItem", "UpdateItem", "DeleteItem"),
    tables.JUDGES: ("PutItem", "UpdateItem"),
    tables.THRESHOLDS: ("PutItem",),
    tables.RUNS: ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
    tables.VECTORS: ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
    tables.COLLECTIONS: ("PutItem", "UpdateItem", "DeleteItem"),
}
"""A transaction needs the permissions of what it does; the history of thresholds is only ever added to."""
API_READ = {**READ, tables.CASES: ("BatchGetItem",), tables.VECTORS: ("BatchGetItem",)}
API_WRITE = {
    **WRITE,
    tables.RUNS: ("PutItem", "UpdateItem", "BatchWriteItem"),
    tables.VECTORS: ("PutItem", "DeleteItem", "BatchWriteItem"),
    tables.COLLECTIONS: ("UpdateItem",),
}
"""The API takes nothing back: no label, no view of a list; and it finds no case by its name. It searches collections,
and packs their vectors where nobody has yet; it makes and removes none.
"""
NOT_OF_THE_API = (tables.JUDGES_BY_CASE, tables.CHUNKS_BY_FILE)
WITH_USERS = ("GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
"""A condition check holds the last admin."""
LOOK = ("DescribeTable", "DescribeContinuousBackups", "ListTagsOfResource")
"""What Operations and `tables check` ask; and DescribeTimeToLive, where something expires."""
FOLLOW = ("DescribeStream", "GetRecords", "GetShardIterator")
FOLLOWED = tuple(table.name for table in tables.TABLES if table.stream == tables.KEYS_ONLY)
"""Tables whose streams the console reads itself."""
MAINTAINED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Scan",): (tables.RUNS, tables.THRESHOLDS),
    ("DeleteItem",): (tables.JUDGES,),
}
"""What recounts and migrations do that nothing else does: a metric of the old system takes the place of a default."""
SHARED = tuple(table.name for table in tables.TABLES if table.name != tables.USERS)
"""Tables of everybody. Only the console may touch users: who reads them can guess passwords at leisure."""
KEY = ("Decrypt", "DescribeKey", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "CreateGrant")
"""What DynamoDB does with a key of the customer's in the name of whoever asks."""

Grant = tuple[tuple[str, ...], list[str]]
"""Operations, and the resources that they are allowed on."""


def add_tables(stack: cdk.Stack, parameters: Parameters) -> dict[str, cdk.CfnResource]:
    """Every table by its name. They outlive the stack."""
    made = {}
    for table in tables.TABLES:
        resource = cdk.CfnResource(
            stack, table.name, type="AWS::DynamoDB::Table", properties=_properties(table, parameters)
        )
        accept(resource, "CKV_AWS_119", "Encrypted in any case; KmsKeyArn takes a key of the customer's")
        if table.vectors:  # the linter does not know yet that keys of vector indexes are defined as attributes, too
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3039"]}})
        resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        made[table.name] = resource
    return made


def _properties(table: tables.Table, parameters: Parameters) -> dict[str, Any]:
    """CreateTable's definition, whose names CloudFormation shares, and what CreateTable leaves to other calls."""
    properties = table.definition(parameters.table_name(table.name), vectors=True)
    properties["DeletionProtectionEnabled"] = parameters.protected
    properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    if "StreamSpecification" in properties:
        del properties["StreamSpecification"]["StreamEnabled"]
    if table.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": tables.TTL_ATTRIBUTE, "Enabled": True}
    properties["SSESpecification"] = cdk.Fn.condition_if(
        parameters.has_key.logical_id,
        {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": parameters.key},
        cdk.Aws.NO_VALUE,
    )
    if table.name == tables.RUNS:
        properties["WarmThroughput"] = parameters.warm
        properties["OnDemandThroughput"] = parameters.most
    return properties


def add_policies(stack: cdk.Stack, made: dict[str, cdk.CfnResource], parameters: Parameters) -> None:
    """Managed policies to attach to roles: one for each kind of process, and one for the key, where there is one."""
    everything = [_arn(one) for one in made.values()]
    everything += [f"{_arn(one)}/index/*" for one in made.values()]
    users = [_arn(made[tables.USERS])]
    shared = [*_reading(made, SHARED), *_searching(made, SHARED), (("Scan",), [_arn(made[tables.COLLECTIONS])])]
    expiring = [_arn(made[table.name]) for table in tables.TABLES if table.ttl]
    looking: list[Grant] = [(LOOK, [_arn(one) for one in made.values()]), (("DescribeTimeToLive",), expiring)]
    api = [
        *_reading(made, SHARED, API_READ, NOT_OF_THE_API),
        *_searching(made, FOLLOWED),
        *_by_key(made, API_WRITE, SHARED),
        (("Scan",), [_arn(made[tables.THRESHOLDS])]),  # GET /thresholds lists those of all cases
    ]
    chosen: dict[str, tuple[str, list[Grant]]] = {
        "ConsoleAccess": (
            "The console: the only one that may touch users",
            [*shared, *_by_key(made, WRITE, SHARED), (WITH_USERS, users), *looking],
        ),
        "ApiAccess": ("The API: everything but users", api),
        "ReaderAccess": ("Reads, and changes nothing; neither users nor their passwords", shared),
        "MaintenanceAccess": (
            "Beside ConsoleAccess: migrations, and recounts of rollups",
            [(operations, [_arn(made[name]) for name in names]) for operations, names in MAINTAINED.items()],
        ),
    }
    for name, (what, grants) in chosen.items():
        statements = [
            iam.PolicyStatement(actions=[f"dynamodb:{one}" for one in actions], resources=resources)
            for actions, resources in grants
        ]
        policy = iam.ManagedPolicy(stack, name, description=what, statements=[*statements, _encrypted_only(everything)])
        cdk.CfnOutput(stack, f"{name}Arn", value=policy.managed_policy_arn, description=what)
    _key_policy(stack, parameters)


def _reading(
    made: dict[str, cdk.CfnResource],
    names: tuple[str, ...],
    by_key: dict[str, tuple[str, ...]] = READ,
    without: tuple[str, ...] = (),
) -> list[Grant]:
    """Reading some tables: items by key, lists and their indexes."""
    lists = [table for table in tables.TABLES if table.name in names and table.range_key]
    whole = [_arn(made[table.name]) for table in lists]
    indexes = [
        f"{_arn(made[table.name])}/index/{index.name}"
        for table in lists
        for index in table.indexes
        if index.name not in without
    ]
    return [*_by_key(made, by_key, names), (("Query",), whole + indexes)]


def _by_key(
    made: dict[str, cdk.CfnResource], operations: dict[str, tuple[str, ...]], names: tuple[str, ...]
) -> list[Grant]:
    """Tables with the same operations together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        if name in operations:
            alike.setdefault(operations[name], []).append(_arn(made[name]))
    return list(alike.items())


def _searching(made: dict[str, cdk.CfnResource], names: tuple[str, ...]) -> list[Grant]:
    """Vector indexes, whether they are there, and the streams by which their caches follow."""
    searched = [table for table in tables.TABLES if table.vectors and table.name in names]
    vectors = [f"{_arn(made[table.name])}/index/{table.vectors.name}" for table in searched if table.vectors]
    return [
        (("SearchVectors",), vectors),
        (("DescribeTable",), [_arn(made[table.name]) for table in searched]),
        (FOLLOW, [f"{_arn(made[name])}/stream/*" for name in FOLLOWED]),
    ]


def _key_policy(stack: cdk.Stack, parameters: Parameters) -> None:
    """The use of a key of the customer's, through DynamoDB alone; every role needs it beside its own policy."""
    statement = {
        "Effect": "Allow",
        "Action": [f"kms:{one}" for one in KEY],
        "Resource": parameters.key,
        "Condition": {"StringEquals": {"kms:ViaService": f"dynamodb.{cdk.Aws.REGION}.amazonaws.com"}},
    }
    policy = iam.CfnManagedPolicy(
        stack,
        "KeyAccess",
        description="Beside every other policy, where the tables are encrypted with KmsKeyArn",
        policy_document={"Version": "2012-10-17", "Statement": [statement]},
    )
    policy.cfn_options.condition = parameters.has_key


def _encrypted_only(resources: list[str]) -> iam.PolicyStatement:
    """Refuses what does not travel encrypted."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["dynamodb:*"],
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _arn(table: cdk.CfnResource) -> str:
    arn: str = cdk.Token.as_string(table.get_att("Arn"))
    return arn
