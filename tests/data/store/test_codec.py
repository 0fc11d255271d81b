"""Whatever can be stored comes back exactly; whatever cannot is refused before anything is written."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.data.store.codec import NESTING, Item, from_item, plain_map, read_timestamp, timestamp, to_item, to_wire
from console.data.store.packing import ITEM_BUDGET, PART_BYTES, Part, item_size, join_parts, pack
from console.errors import CorruptItem, InvalidInput, TooLarge
from console.records import Artifact, Case, Document, Metric, Model, Results, Run, RunStatus
from tests.support.tier import artifact, results, snapshot

MOMENT = datetime(2026, 3, 10, 12, 30, 15, 42, tzinfo=UTC)
NUMBERS = st.integers(-(10**37), 10**37) | st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
JSON_OBJECTS = st.dictionaries(st.text(), JSON_VALUES, max_size=6)
STORABLE_FLOATS = st.floats(1e-130, 1e125) | st.floats(-1e125, -1e-130) | st.just(0.0)


def over_the_wire(item: Item) -> Item:
    """The item as the store answers it: binary as base64, numbers in DynamoDB's plain notation."""

    def notation(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if [name for name, _ in pairs] == ["N"]:
            return {"N": f"{Decimal(pairs[0][1]).normalize():f}"}
        return dict(pairs)

    def as_base64(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return json.loads(json.dumps(item, default=as_base64), object_pairs_hook=notation)  # type: ignore[no-any-return]


def parts_over_the_wire(parts: list[Part]) -> dict[str, bytes]:
    """The values of the parts, from items in any order."""
    items = [
        {
            "sortKey": {"S": f"PART#{part.part_id}#{part.number:04}"},
            "partId": {"S": part.part_id},
            "data": {"B": base64.b64encode(part.data).decode()},
        }
        for part in parts
    ]
    return join_parts(random.Random(5).sample(items, len(items)))


def exactly(value: Any) -> str:
    """JSON text: tells 1 from 1.0 and keeps the order of keys."""
    return json.dumps(value, ensure_ascii=False)


def scattered(size: int, seed: int = 1) -> str:
    """`size` characters from all of Unicode: four bytes each, next to nothing to compress."""
    dice = random.Random(seed)
    return "".join(chr(dice.randrange(0x10000, 0x110000)) for _ in range(size))


def finished(**fields: Any) -> Run:
    return Run(
        run_id=7,
        status=RunStatus.COMPLETED,
        started_at=MOMENT,
        judge_id="judge-1",
        case_id="case-1",
        judge_snapshot=snapshot(),
        **{"evaluated_artifact": artifact(), "results": results(), **fields},
    )


# --- what comes back ---------------------------------------------------------------------------------


@given(JSON_OBJECTS)
@example({"b": 1, "a": 1.0, "long": 12345678901234567890123, "tiny": 5e-324, "": None, "e": [], "o": {}})
@example({"partId": "x", "partCount": 1})
@example({"metadata": "x", "startedAt": "Room 5", "settings": {"parameters": "y"}})
def test_any_json_object_comes_back_with_its_order_and_its_number_types(value: dict[str, Any]) -> None:
    item = over_the_wire(to_item(artifact(metadata=value)))
    assert exactly(from_item(item, Artifact).metadata) == exactly(value)


@given(st.text())
@example("")
@example("\x00\x1f\u2028\ufeff\U0010ffff")
@example("a" * 5_000)
@example("12At")
def test_any_text_comes_back(text: str) -> None:
    record = artifact(text, expected_output=text)
    assert from_item(over_the_wire(to_item(record)), Artifact) == record


@given(STORABLE_FLOATS)
@example(0.1)
@example(5e-130)
@example(0.30000000000000004)
def test_any_float_comes_back_without_artefacts(number: float) -> None:
    record = Model(model_id="m", name="n", provider="p", created_on=MOMENT, input_price=number)
    assert from_item(over_the_wire(to_item(record)), Model).input_price == number


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
@example(datetime(999, 1, 1, tzinfo=UTC))
def test_any_time_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert read_timestamp(timestamp(moment)) == moment.astimezone(UTC)


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2))
@example([datetime(999, 12, 31, tzinfo=UTC), datetime(1000, 1, 1, tzinfo=UTC)])
def test_the_order_of_timestamps_is_the_order_of_times(moments: list[datetime]) -> None:
    assert sorted(map(timestamp, moments)) == list(map(timestamp, sorted(moments)))


def test_a_time_of_another_zone_is_stored_as_utc() -> None:
    assert timestamp(datetime(2026, 3, 10, 1, 0, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-09T23:00:00.000000Z"


def test_a_naive_time_of_an_earlier_system_is_read_as_utc() -> None:
    item = {"metricId": {"S": "m"}, "name": {"S": "geval"}, "createdOn": {"S": "2025-08-01T10:00:00.123456"}}
    assert from_item(item, Metric).created_on == datetime(2025, 8, 1, 10, 0, 0, 123456, tzinfo=UTC)


def test_a_time_with_an_offset_is_read_as_what_it_is() -> None:
    item = {"metricId": {"S": "m"}, "name": {"S": "geval"}, "createdOn": {"S": "2025-08-01T10:00:00+00:00"}}
    assert from_item(item, Metric).created_on == datetime(2025, 8, 1, 10, 0, tzinfo=UTC)


def test_none_and_empty_lists_are_absent_and_read_as_defaults() -> None:
    item = to_item(Results(final_score=0.0, final_score_normalized=0.0))
    assert set(item) == {"finalScore", "finalScoreNormalized", "scoringMode", "tokenUsage"}
    assert from_item(over_the_wire(item), Results) == Results(final_score=0.0, final_score_normalized=0.0)


def test_an_empty_object_is_not_the_same_as_none() -> None:
    made = Document(document_id="d", evaluation_target="t", created_on=MOMENT, metadata={})
    assert from_item(over_the_wire(to_item(made)), Document).metadata == {}


def test_long_text_travels_compressed_and_short_text_readable() -> None:
    item = to_item(artifact("short", expected_output="long " * 1_000))
    assert item["evaluationTarget"] == {"S": "short"}
    assert len(item["expectedOutput"]["B"]) < 100


# --- free-form objects of earlier systems --------------------------------------------------------------


def test_a_map_that_an_earlier_system_wrote_is_read_as_it_is() -> None:
    stored = {
        "seenAt": {"S": "Room 5"},
        "basedOn": {"S": "gpt-4"},
        "metadata": {"S": "not JSON"},
        "configuration": {"M": {"parameters": {"S": "{}"}, "steps": {"L": [{"N": "1"}, {"N": "0.5"}]}}},
    }
    item = {"evaluationTarget": {"S": "t"}, "metadata": {"M": stored}}
    assert from_item(item, Artifact).metadata == {
        "seenAt": "Room 5",
        "basedOn": "gpt-4",
        "metadata": "not JSON",
        "configuration": {"parameters": "{}", "steps": [1, 0.5]},
    }


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_refused_in_a_column_and_in_an_object(number: float) -> None:
    with pytest.raises(InvalidInput, match=r"executionTimeSeconds is .*not a number"):
        to_item(results(execution_time_seconds=number))
    with pytest.raises(InvalidInput, match="metadata is not a JSON object"):
        to_item(artifact(metadata={"deep": [{"er": number}]}))


@pytest.mark.parametrize("number", [1e126, -1e300, 1e-131, 5e-324])
def test_a_float_that_dynamodb_cannot_hold_is_refused(number: float) -> None:
    with pytest.raises(InvalidInput, match="beyond the numbers that can be stored"):
        to_item(results(execution_time_seconds=number))


def test_an_integer_of_more_than_38_digits_is_refused_in_a_column() -> None:
    assert to_wire(10**38 - 1) == {"N": "9" * 38}
    with pytest.raises(InvalidInput, match="more than 38 digits"):
        to_wire(-(10**38))


@pytest.mark.parametrize("metadata", [{"a": "x\ud800"}, {"\udfff": 1}, {"a": [{"b": "\ud83d"}]}])
def test_a_lone_surrogate_is_refused_with_its_place(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"evaluationTarget has a broken character .* at position 2"):
        to_item(artifact("ab\udc00"))
    with pytest.raises(InvalidInput, match="metadata has a broken character"):
        to_item(artifact(metadata=metadata))


def test_a_lone_surrogate_in_the_key_of_a_map_is_refused() -> None:
    with pytest.raises(InvalidInput, match="broken character"):
        to_item(results(distribution={"\ud800": 1.0}))


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_json_is_accepted_to_the_stated_depth_and_refused_beyond() -> None:
    deepest = nested(NESTING)
    assert from_item(over_the_wire(to_item(artifact(metadata=deepest))), Artifact).metadata == deepest
    with pytest.raises(InvalidInput, match="deeper than 200 levels"):
        to_item(artifact(metadata=nested(NESTING + 1)))


def test_json_of_any_depth_is_refused_and_not_crashed_on() -> None:
    with pytest.raises(InvalidInput, match="deeper than 200 levels"):
        to_item(artifact(metadata=nested(100_000)))


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidInput, match="metadata is not a JSON object"):
        to_item(artifact(metadata={"when": MOMENT}))
    with pytest.raises(InvalidInput, match="JSON does not know"):
        to_item(artifact(metadata={"what": object()}))


def test_an_integer_too_long_to_write_down_is_refused() -> None:
    with pytest.raises(InvalidInput, match="metadata is not a JSON object"):
        to_item(artifact(metadata={"n": 10**5_000}))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidInput, match="time without a zone"):
        timestamp(datetime(2026, 3, 10))  # noqa: DTZ001


def test_a_text_of_ten_megabytes_is_accepted_and_one_byte_more_is_too_large() -> None:
    to_item(artifact("é" * (5 * 1024 * 1024)))
    with pytest.raises(TooLarge, match=r"10,485,761 bytes long; the limit is 10,485,760") as caught:
        to_item(artifact("é" * (5 * 1024 * 1024) + "a"))
    assert caught.value.field == "evaluationTarget"


# --- what cannot be read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        {"metricId": {"S": "m"}, "name": {"S": "geval"}},
        {"metricId": {"S": "m"}, "name": {"N": "1"}, "createdOn": {"S": "2025-08-01T10:00:00"}},
        {"metricId": {"S": "m"}, "name": {"S": "geval"}, "createdOn": {"S": "yesterday"}},
        {"metricId": {"S": "m"}, "name": {"B": b"zjunk"}, "createdOn": {"S": "2025-08-01T10:00:00"}},
    ],
    ids=["attribute missing", "of another type", "no time", "damaged compression"],
)
def test_an_item_that_cannot_be_read_is_corrupt(item: Item) -> None:
    with pytest.raises(CorruptItem, match="cannot be read"):
        from_item(item, Metric)


def test_metadata_that_is_not_json_is_corrupt() -> None:
    with pytest.raises(CorruptItem, match="metadata"):
        from_item({"evaluationTarget": {"S": "t"}, "metadata": {"S": "{no"}}, Artifact)


def test_a_damaged_end_of_a_compressed_text_is_corrupt() -> None:
    item = to_item(artifact("long " * 1_000))
    item["evaluationTarget"]["B"] = item["evaluationTarget"]["B"][:-6]
    with pytest.raises(CorruptItem, match="compressed text"):
        from_item(item, Artifact)


# --- values larger than an item ------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 700_000),
    st.integers(0, 700_000),
    st.lists(st.integers(0, 150_000), max_size=4),
    st.integers(0, 300_000),
)
@example(ITEM_BUDGET, PART_BYTES - 2, [], 0)
@example(0, 0, [150_000, 150_000, 150_000, 150_000], 0)
def test_a_run_of_any_size_is_packed_into_items_that_fit_and_comes_back(
    target: int, expected: int, reasons: list[int], metadata: int
) -> None:
    run = finished(
        evaluated_artifact=artifact(
            scattered(target // 4), expected_output="x" * expected, metadata={"m": scattered(metadata // 4, 2)}
        ),
        results=results(reasons=[scattered(size // 4, size) for size in reasons]),
    )
    item, parts = pack(to_item(run))
    assert item_size(item) <= ITEM_BUDGET
    assert all(len(part.data) <= PART_BYTES for part in parts)
    assert from_item(over_the_wire(item), Run, parts_over_the_wire(parts)) == run


def test_a_small_item_is_not_touched() -> None:
    item = to_item(finished())
    assert pack(item) == (item, [])


def test_packing_does_not_change_what_it_was_given() -> None:
    item = to_item(finished(evaluated_artifact=artifact(scattered(200_000))))
    before = exactly(over_the_wire(item))
    assert pack(item)[0] != item
    assert exactly(over_the_wire(item)) == before


def test_the_same_value_makes_the_same_parts() -> None:
    long = to_item(finished(evaluated_artifact=artifact(scattered(200_000))))
    assert pack(long)[1] == pack(long)[1]


def test_a_missing_or_damaged_part_is_corrupt_and_never_half_a_text() -> None:
    item, parts = pack(to_item(finished(evaluated_artifact=artifact(scattered(200_000)))))
    with pytest.raises(CorruptItem, match="incomplete"):
        from_item(item, Run, {})
    with pytest.raises(CorruptItem, match="incomplete"):
        from_item(item, Run, parts_over_the_wire(parts[:-1]))


def test_many_small_fields_beyond_an_item_are_too_large() -> None:
    with pytest.raises(TooLarge, match="in small fields; the limit is 350,000"):
        pack({f"field{number}": {"S": "x" * 100} for number in range(4_000)})


# --- sizes -------------------------------------------------------------------------------------------

WIRE_VALUES = st.recursive(
    st.builds(lambda text: {"S": text}, st.text())
    | st.builds(lambda data: {"B": data}, st.binary())
    | st.builds(lambda number: {"N": str(number)}, st.integers(-(10**37), 10**37))
    | st.builds(lambda number: {"N": repr(number)}, STORABLE_FLOATS)
    | st.just({"BOOL": True})
    | st.just({"NULL": True}),
    lambda inner: (
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=4))
        | st.builds(lambda values: {"M": values}, st.dictionaries(st.text(), inner, max_size=4))
    ),
    max_leaves=12,
)


def by_the_book(value: dict[str, Any]) -> int:
    """Bytes of an attribute value as DynamoDB's documentation counts them."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            digits = len(Decimal(content).normalize().as_tuple().digits)
            return (digits + 1) // 2 + 1 + content.startswith("-")
        case "L":
            return 3 + sum(1 + by_the_book(element) for element in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + by_the_book(inner) for name, inner in content.items())
    return 1


@given(st.dictionaries(st.text(min_size=1), WIRE_VALUES, max_size=6))
def test_an_item_is_never_counted_smaller_than_dynamodb_counts_it(item: Item) -> None:
    assert item_size(item) >= sum(len(name.encode()) + by_the_book(value) for name, value in item.items())


def test_plain_values_of_a_whole_item() -> None:
    case = Case(
        case_id="c",
        version="1.0",
        active=True,
        name="Tone",
        task_introduction="t",
        evaluation_criteria="e",
        created_on=MOMENT,
        last_updated_on=MOMENT,
    )
    plain = plain_map(over_the_wire(to_item(case)))
    assert plain["createdOn"] == "2026-03-10T12:30:15.000042Z"
    assert plain["threshold"] == {"score": 0.5, "description": ""}
    assert plain["active"] is True
