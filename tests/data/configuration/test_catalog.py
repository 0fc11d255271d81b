"""Models and metrics keep their ids for ever and their names to themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest

from console.data.store import tables
from console.data.store.store import Store
from console.errors import AlreadyExists, InvalidInput, NotFound
from console.records import Metric, Model
from tests.support.fakes import FakeClock
from tests.support.seams import Recorder
from tests.support.tier import Tier, items_of, tier


def test_a_model_comes_back_as_it_was_made(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = here.catalog.create_model(" GPT-4o é ", " OpenAI ", by="ana", input_price=2.5, output_price=0.0)
    assert made == Model(
        model_id=made.model_id,
        name="GPT-4o é",
        provider="openai",
        created_on=clock.now,
        created_by="ana",
        input_price=2.5,
        output_price=0.0,
    )
    assert elsewhere.catalog.model(made.model_id) == made
    assert elsewhere.catalog.model_named("GPT-4o é") == made
    assert elsewhere.catalog.models() == [made]


def test_a_metric_is_kept_in_lower_case(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = here.catalog.create_metric("\u2003GEval ", by="ana")
    assert made == Metric(metric_id=made.metric_id, name="geval", created_on=clock.now, created_by="ana")
    assert elsewhere.catalog.metric(made.metric_id) == made
    assert elsewhere.catalog.metric_named("GEVAL") == made


def test_a_taken_name_is_refused(here: Tier, elsewhere: Tier, store: Store) -> None:
    here.catalog.create_metric("geval", by="ana")
    here.catalog.create_model("gpt-4o", "openai", by="ana")
    before = items_of(store, tables.JUDGES)
    with pytest.raises(AlreadyExists, match="A metric named 'geval' already exists"):
        elsewhere.catalog.create_metric(" GEVAL", by="bea")
    with pytest.raises(AlreadyExists, match="A model named 'gpt-4o' already exists"):
        elsewhere.catalog.create_model("gpt-4o", "another", by="bea")
    assert items_of(store, tables.JUDGES) == before


def test_models_differ_by_letter_case_and_metrics_do_not(here: Tier) -> None:
    here.catalog.create_model("gpt-4o", "openai", by="ana")
    here.catalog.create_model("GPT-4o", "openai", by="ana")
    assert sorted(model.name for model in here.catalog.models()) == ["GPT-4o", "gpt-4o"]


def test_a_model_and_a_metric_may_have_one_name(here: Tier) -> None:
    here.catalog.create_model("similarity", "other", by="ana")
    here.catalog.create_metric("similarity", by="ana")
    assert here.catalog.model_named("similarity") is not None


def test_lists_are_in_order_of_creation(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    for name in ("c", "a", "b"):
        here.catalog.create_model(name, "other", by="ana")
        here.catalog.create_metric(name, by="ana")
        clock.advance(seconds=1)
    assert [model.name for model in elsewhere.catalog.models()] == ["c", "a", "b"]
    assert [metric.name for metric in elsewhere.catalog.metrics()] == ["c", "a", "b"]


@pytest.mark.parametrize("name", ["", " \t", "x" * 201, "\ud800"], ids=["empty", "blank", "long", "broken"])
def test_a_name_that_cannot_be_is_refused(here: Tier, store: Store, name: str) -> None:
    for create in (
        lambda: here.catalog.create_metric(name, by="ana"),
        lambda: here.catalog.create_model(name, "openai", by="ana"),
        lambda: here.catalog.create_model("gpt-4o", name, by="ana"),
    ):
        with pytest.raises(InvalidInput, match="name"):
            create()
    assert items_of(store, tables.JUDGES) == []


@pytest.mark.parametrize("price", [-0.01, float("nan"), float("inf"), 1e6])
def test_a_price_that_cannot_be_is_refused(here: Tier, price: float) -> None:
    with pytest.raises(InvalidInput, match="price"):
        here.catalog.create_model("gpt-4o", "openai", by="ana", input_price=price)
    made = here.catalog.create_model("gpt-4o", "openai", by="ana")
    with pytest.raises(InvalidInput, match="price"):
        here.catalog.set_prices(made.model_id, input_price=1.0, output_price=price, by="ana")
    assert here.catalog.model(made.model_id) == made


def test_prices_change_and_nothing_else(here: Tier, elsewhere: Tier) -> None:
    made = here.catalog.create_model("gpt-4o", "openai", by="ana", input_price=2.5, output_price=10.0)
    changed = here.catalog.set_prices(made.model_id, input_price=None, output_price=7.25, by="bo")
    assert (changed.input_price, changed.output_price, changed.last_updated_by) == (None, 7.25, "bo")
    assert elsewhere.catalog.model(made.model_id) == changed
    assert (changed.model_id, changed.name, changed.created_on) == (made.model_id, made.name, made.created_on)


@pytest.mark.parametrize("entry_id", ["", "unknown", "x" * 3_000, "\ud800"])
def test_an_unknown_id_is_not_found(here: Tier, entry_id: str) -> None:
    for ask in (
        lambda: here.catalog.model(entry_id),
        lambda: here.catalog.metric(entry_id),
        lambda: here.catalog.set_prices(entry_id, input_price=1.0, output_price=1.0, by="ana"),
    ):
        with pytest.raises(NotFound, match="There is no m"):
            ask()


def test_the_default_metrics_are_there_once_and_keep_their_ids(here: Tier, elsewhere: Tier) -> None:
    here.catalog.ensure_defaults()
    before = elsewhere.catalog.metrics()
    elsewhere.catalog.ensure_defaults()
    assert sorted(metric.name for metric in before) == ["geval", "similarity"]
    assert here.catalog.metrics() == before


def test_many_processes_that_start_at_the_same_time_make_one_set_of_defaults(embedded_store: Store) -> None:
    together = Barrier(8)

    def start(_: int) -> None:
        process = tier(embedded_store)
        together.wait()
        process.catalog.ensure_defaults()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))
    assert sorted(metric.name for metric in tier(embedded_store).catalog.metrics()) == ["geval", "similarity"]


def test_entries_are_stored_as_they_are_for_a_migration(here: Tier, elsewhere: Tier) -> None:
    then = datetime(2025, 8, 1, 10, 0, tzinfo=UTC)
    metric = here.catalog.add_metric(Metric(metric_id="m-1", name="geval", created_on=then))
    model = here.catalog.add_model(Model(model_id="l-1", name="gpt-4o", provider="openai", created_on=then))
    assert elsewhere.catalog.metric("m-1") == metric
    assert elsewhere.catalog.model("l-1") == model
    with pytest.raises(AlreadyExists):
        elsewhere.catalog.add_model(Model(model_id="l-2", name="gpt-4o", provider="openai", created_on=then))


def test_an_id_that_is_taken_is_refused_under_another_name_too(here: Tier) -> None:
    then = datetime(2025, 8, 1, 10, 0, tzinfo=UTC)
    here.catalog.add_metric(Metric(metric_id="m-1", name="geval", created_on=then))
    with pytest.raises(AlreadyExists):
        here.catalog.add_metric(Metric(metric_id="m-1", name="other", created_on=then))
    assert [metric.name for metric in here.catalog.metrics()] == ["geval"]


def test_what_each_operation_costs_in_requests(store: Store) -> None:
    recorder = Recorder(store.client)
    asked = Store(recorder, prefix=store.prefix)
    catalog = tier(asked).catalog
    assert asked.layout.shards == 1  # one get_item, for half a minute
    recorder.requests.clear()
    made = catalog.create_model("gpt-4o", "openai", by="ana")
    assert recorder.operations == ["transact_write_items"]
    recorder.requests.clear()
    catalog.models()
    catalog.model(made.model_id)
    catalog.model_named("gpt-4o")
    assert recorder.operations == ["batch_get_item", "query"]
