"""Alarms and a dashboard over the tables, and over the log of the API.

Metrics of tables: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns

from console.data.store import tables
from infra.aws.findings import accept, resource_of
from infra.aws.parameters import Parameters

NAMESPACE = "AWS/DynamoDB"
OURS = "GEvalConsole"
PERIOD = cdk.Duration.minutes(5)
OPERATIONS = (
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "SearchVectors",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
)
"""Whose errors are counted: an alarm adds up at most ten metrics."""
THROTTLES, ERRORS, CONFLICTS, SLOW, SLOW_API = 10, 5, 1_000, 100, 1_000
"""Throttled events, errors and conflicts in five minutes; milliseconds of the store (p99) and of the API (p95)."""


class Watch:
    """Makes alarms that all tell the same topic."""

    def __init__(self, stack: cdk.Stack, parameters: Parameters) -> None:
        self._stack = stack
        self._parameters = parameters
        topic = sns.Topic(stack, "Alarms", display_name="G-Eval console")
        reason = "CloudWatch cannot tell a topic under the key that AWS manages; alarms carry names and numbers only"
        accept(resource_of(topic), "CKV_AWS_26", reason)
        mail = sns.CfnSubscription(
            stack, "AlarmMail", protocol="email", topic_arn=topic.topic_arn, endpoint=parameters.email
        )
        mail.cfn_options.condition = parameters.has_email
        cdk.CfnOutput(stack, "AlarmsArn", value=topic.topic_arn, description="Topic of the alarms")
        self._tell = actions.SnsAction(topic)

    def alarm(self, name: str, what: str, metric: cloudwatch.IMetric, threshold: float, periods: int = 1) -> None:
        """An alarm on a metric that is at or above the threshold for so many periods."""
        made = cloudwatch.Alarm(
            self._stack,
            name,
            alarm_description=what,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        made.add_alarm_action(self._tell)
        made.add_ok_action(self._tell)

    def metric(self, table: str, name: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        """A metric of a table, of one of its indexes or operations."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            statistic=statistic,
            period=PERIOD,
            dimensions_map={"TableName": self._parameters.table_name(table), **dimensions},
        )


def add_monitoring(stack: cdk.Stack, parameters: Parameters) -> None:
    """The topic, the alarms, the log of the API and the dashboard."""
    watch = Watch(stack, parameters)
    for table in tables.TABLES:
        _table_alarms(watch, table)
    _runs_alarms(watch, parameters)
    answers, failures = _api_log(stack, parameters, watch)
    _dashboard(stack, watch, answers, failures)


def _table_alarms(watch: Watch, table: tables.Table) -> None:
    """Throttled requests and errors of a table, its indexes included."""
    of_table = [watch.metric(table.name, name) for name in ("ReadThrottleEvents", "WriteThrottleEvents")]
    of_indexes = [
        watch.metric(table.name, name, GlobalSecondaryIndexName=index.name)
        for index in table.indexes
        for name in ("ReadThrottleEvents", "WriteThrottleEvents")
    ]
    for suffix, metrics in (("Throttled", of_table), ("IndexesThrottled", of_indexes)):
        if metrics:
            watch.alarm(
                f"{table.name}{suffix}", f"{table.name} refuses requests for a while: a hot key, or a sudden load",
                total(metrics), THROTTLES,
            )  # fmt: skip
    watch.alarm(
        f"{table.name}Errors", f"DynamoDB fails for {table.name}",
        total([watch.metric(table.name, "SystemErrors", Operation=one) for one in OPERATIONS]), ERRORS,
    )  # fmt: skip


def _runs_alarms(watch: Watch, parameters: Parameters) -> None:
    """Latency and cost of the table that everything reads and writes."""
    for operation in ("GetItem", "Query", "TransactWriteItems"):
        metric = watch.metric(tables.RUNS, "SuccessfulRequestLatency", "p99", Operation=operation)
        watch.alarm(
            f"{operation}Slow", f"{operation} on {tables.RUNS} takes {SLOW} ms or more (p99)", metric, SLOW, periods=3
        )
    conflicts = watch.metric(tables.RUNS, "TransactionConflict")
    watch.alarm(
        "Conflicts",
        f"Transactions on {tables.RUNS} meet each other: one judge finishes too many runs at once",
        conflicts,
        CONFLICTS,
    )
    for table in tables.TABLES:
        if table.vectors:
            _vector_alarms(watch, parameters, table.name, table.vectors.name)
    written = watch.metric(tables.RUNS, "ConsumedWriteCapacityUnits").with_(period=cdk.Duration.hours(1))
    watch.alarm("WritesCostly", "More is written than was planned for", written, parameters.hourly_units)


def _vector_alarms(watch: Watch, parameters: Parameters, table: str, index: str) -> None:
    """Searches that are slow, and the bytes that a vector index is billed by.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchMonitoring.html
    """
    slow = watch.metric(table, "SuccessfulRequestLatency", "p99", Operation="SearchVectors")
    watch.alarm(f"{table}SearchSlow", f"Searching {index} takes {5 * SLOW} ms or more (p99)", slow, 5 * SLOW, periods=3)
    names = ("VectorSearchRequestBytes", "VectorWriteRequestBytes")
    hour = cdk.Duration.hours(1)
    metered = total([watch.metric(table, name, VectorIndexName=index).with_(period=hour) for name in names], hour)
    watch.alarm(f"{table}VectorsCostly", f"{index} costs more than planned", metered, parameters.hourly_vectors)


def _api_log(stack: cdk.Stack, parameters: Parameters, watch: Watch) -> tuple[cloudwatch.Metric, cloudwatch.Metric]:
    """The group for the API's log, whose lines of JSON become metrics: milliseconds, and answers from 500 on."""
    group = logs.LogGroup(
        stack,
        "ApiLog",
        log_group_name=cdk.Fn.join("", ["/geval/", parameters.prefix, "api"]),
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    accept(resource_of(group), "CKV_AWS_158", "Encrypted by the key of CloudWatch Logs; it holds no texts and no keys")
    cdk.CfnOutput(stack, "ApiLogGroup", value=group.log_group_name, description="Where the API's log belongs")
    answered = logs.FilterPattern.exists("$.milliseconds")
    failed = logs.FilterPattern.number_value("$.status", ">=", 500)
    for name, pattern, value in (("ApiMilliseconds", answered, "$.milliseconds"), ("ApiFailures", failed, "1")):
        logs.MetricFilter(
            stack, f"{name}Filter", log_group=group, metric_namespace=OURS, metric_name=name, filter_pattern=pattern,
            metric_value=value,
        )  # fmt: skip
    answers = cloudwatch.Metric(namespace=OURS, metric_name="ApiMilliseconds", statistic="p95", period=PERIOD)
    failures = cloudwatch.Metric(namespace=OURS, metric_name="ApiFailures", statistic="Sum", period=PERIOD)
    watch.alarm("ApiSlow", f"The API takes {SLOW_API} ms or more (p95)", answers, SLOW_API, periods=3)
    watch.alarm("ApiFails", "The API answers with 500 or more", failures, 1)
    return answers, failures


def _dashboard(stack: cdk.Stack, watch: Watch, answers: cloudwatch.Metric, failures: cloudwatch.Metric) -> None:
    names = [table.name for table in tables.TABLES]
    of_all = {
        "Read units": [watch.metric(name, "ConsumedReadCapacityUnits") for name in names],
        "Write units": [watch.metric(name, "ConsumedWriteCapacityUnits") for name in names],
        "Throttled reads": [watch.metric(name, "ReadThrottleEvents") for name in names],
        "Throttled writes": [watch.metric(name, "WriteThrottleEvents") for name in names],
    }
    of_runs = {
        "Latency of EvaluationRuns, p99, ms": [
            watch.metric(tables.RUNS, "SuccessfulRequestLatency", "p99", Operation=one) for one in OPERATIONS
        ],
        "Conflicts of transactions": [watch.metric(tables.RUNS, "TransactionConflict")],
        "The API, p95, ms": [answers],
        "Failures": [failures, cloudwatch.Metric(namespace=NAMESPACE, metric_name="UserErrors", statistic="Sum")],
    }
    board = cloudwatch.Dashboard(stack, "Dashboard")
    for row in (of_all, of_runs):
        board.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=metrics, width=6) for title, metrics in row.items())
        )


def total(metrics: list[cloudwatch.Metric], period: cdk.Duration = PERIOD) -> cloudwatch.MathExpression:
    """The sum of at most ten metrics; one without data counts as 0."""
    using = {f"m{number}": metric for number, metric in enumerate(metrics)}
    expression = " + ".join(f"FILL({name}, 0)" for name in using)
    return cloudwatch.MathExpression(expression=expression, using_metrics=using, period=period)
