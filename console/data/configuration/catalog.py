"""Models and metrics: catalog items in `JudgesConfiguration`, with ids that never change and unique names."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, Unpack

import msgspec

from console.data.cache.cache import Cache, bump
from console.data.store import names, tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, from_item, to_item
from console.data.store.requests import ABSENT, PRESENT, Delete, Put, Query, Write, equals
from console.data.store.store import Store
from console.errors import AlreadyExists, InvalidInput, NotFound, existing
from console.records import Judge, Metric, Model, Prices, utcnow

DEFAULT_METRICS = ("geval", "similarity")
SYSTEM = "system"
"""Who made the default metrics."""
_METRICS = "CATALOG#METRIC"
_MODELS = "CATALOG#MODEL"
E_ = TypeVar("E_", Metric, Model)


class Catalog:
    """Repository of models and metrics. Lists are cached until anything in the table changes."""

    def __init__(self, store: Store, cache: Cache, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock

    # --- metrics ---------------------------------------------------------------------------------------

    def metrics(self) -> list[Metric]:
        """All metrics in order of creation. From the cache, else one Query."""
        return self._cache.config(tables.JUDGES, _METRICS, list[Metric], lambda: self._read(_METRICS, Metric))

    def metric(self, metric_id: str) -> Metric:
        """One metric; raises NotFound. Cost as `metrics`."""
        return _one(self.metrics(), "metric", metric_id)

    def metric_named(self, name: str) -> Metric | None:
        """The metric of that name, letter case aside, or None. Cost as `metrics`."""
        return next((one for one in self.metrics() if one.name == names.folded(name.strip())), None)

    def create_metric(self, name: str, *, by: str, lenient: bool = False) -> Metric:
        """Adds a metric; names are kept in lower case. One transaction.

        Args:
            lenient: allow names of the length that the old API allowed.

        Raises:
            AlreadyExists: the name is taken.
        """
        name = names.folded(names.check_name(name, "metric", lenient=lenient)).strip()
        return self.add_metric(Metric(metric_id=str(uuid.uuid4()), name=name, created_on=self._clock(), created_by=by))

    def is_spare(self, metric: Metric, judges: Sequence[Judge]) -> bool:
        """Whether it came with the tables and none of the judges uses it. No request."""
        if metric.created_by != SYSTEM or metric.name not in DEFAULT_METRICS:
            return False
        return not any(judge.metric.id == metric.metric_id for judge in judges)

    def restore(self, entry: Metric | Model, *, instead_of: Metric | None = None, named: bool = True) -> None:
        """Stores a metric or model of another store under its own id (migration). One transaction.

        Args:
            instead_of: a metric of the same name that nobody uses: it is removed.
            named: take the name's lock, which must be free then.
        """
        is_metric = isinstance(entry, Metric)
        partition, kind = (_METRICS, "metric") if is_metric else (_MODELS, "model")
        key = names.folded(entry.name) if is_metric else entry.name
        entry_id = entry.metric_id if isinstance(entry, Metric) else entry.model_id
        writes: list[Write] = [
            Put(tables.JUDGES, to_item(entry, **tables.keyed(partition, entry_id)), ABSENT),
            bump(tables.JUDGES),
        ]
        if named:
            lock = names.claim(tables.JUDGES, kind, key, entry_id)
            writes.append(lock if instead_of is None else Put(tables.JUDGES, lock.item))
        if instead_of:
            writes.append(Delete(tables.JUDGES, (_METRICS, instead_of.metric_id)))
        self._store.transact(writes)
        self._cache.changed(tables.JUDGES)

    def adopt_metric(self, metric: Metric, *, by: str) -> Metric:
        """Makes a default metric somebody's own, as of now: `by` wanted to create it. One transaction.

        Raises:
            AlreadyExists: somebody else was first.
        """
        adopted = msgspec.structs.replace(metric, created_on=self._clock(), created_by=by)
        item = to_item(adopted, **tables.keyed(_METRICS, metric.metric_id))
        try:
            self._store.transact(
                [Put(tables.JUDGES, item, equals("createdBy", metric.created_by)), bump(tables.JUDGES)]
            )
        except ConditionFailed as error:
            raise AlreadyExists("metric", metric.name) from error
        finally:
            self._cache.changed(tables.JUDGES)
        return adopted

    def add_metric(self, metric: Metric) -> Metric:
        """Stores a metric as it is (see `create_metric`)."""
        self._add("metric", _METRICS, metric.metric_id, metric.name, to_item(metric))
        return metric

    # --- models ----------------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """All models in order of creation. From the cache, else one Query."""
        return self._cache.config(tables.JUDGES, _MODELS, list[Model], lambda: self._read(_MODELS, Model))

    def model(self, model_id: str) -> Model:
        """One model; raises NotFound. Cost as `models`."""
        return _one(self.models(), "model", model_id)

    def model_named(self, name: str) -> Model | None:
        """The model of exactly that name, or None. Cost as `models`."""
        return next((one for one in self.models() if one.name == name), None)

    def create_model(
        self, name: str, provider: str, *, by: str, lenient: bool = False, **prices: Unpack[Prices]
    ) -> Model:
        """Adds a model; its name is unique as it is spelled. One transaction.

        Args:
            prices: US dollars per million tokens.
            lenient: allow names of the length that the old API allowed.

        Raises:
            AlreadyExists: the name is taken.
        """
        return self.add_model(
            Model(
                model_id=str(uuid.uuid4()),
                name=names.check_name(name, "model", lenient=lenient),
                provider=names.folded(names.check_name(provider, "provider", lenient=lenient)).strip(),
                created_on=self._clock(),
                created_by=by,
                **_checked(prices),
            )
        )

    def add_model(self, model: Model) -> Model:
        """Stores a model as it is (see `create_model`)."""
        self._add("model", _MODELS, model.model_id, model.name, to_item(model))
        return model

    def set_prices(self, model_id: str, *, by: str, **prices: Unpack[Prices]) -> Model:
        """Changes a model's prices; what is not given is not known any more, and finished runs keep the cost that they
        had. One transaction.
        """
        model = msgspec.structs.replace(
            self.model(model_id),
            **_checked(prices),
            last_updated_on=self._clock(),
            last_updated_by=by,
        )
        item = to_item(model, **tables.keyed(_MODELS, model_id))
        try:
            self._store.transact([Put(tables.JUDGES, item, PRESENT), bump(tables.JUDGES)])
        except ConditionFailed as error:
            raise NotFound("model", model_id) from error
        self._cache.changed(tables.JUDGES)
        return model

    # --- defaults --------------------------------------------------------------------------------------

    def ensure_defaults(self) -> None:
        """The metrics that every store has. One Query, and a transaction for each that is missing."""
        present = {metric.name for metric in self.metrics()}
        for name in DEFAULT_METRICS:
            if name not in present:
                try:
                    self.create_metric(name, by=SYSTEM)
                except AlreadyExists:
                    continue  # another process was first, which is what we want

    def _read(self, partition: str, kind: type[E_]) -> list[E_]:
        entries = [from_item(item, kind) for item in self._store.all(Query(tables.JUDGES, partition))]
        return sorted(entries, key=lambda one: (one.created_on, one.sequence))

    def _add(self, kind: str, partition: str, entry_id: str, name: str, item: Item) -> None:
        keys = {tables.PK: {"S": partition}, tables.SK: {"S": entry_id}}
        writes: list[Write] = [
            names.claim(tables.JUDGES, kind, name, entry_id),
            Put(tables.JUDGES, {**item, **keys}, ABSENT),
            bump(tables.JUDGES),
        ]
        try:
            self._store.transact(writes)
        except ConditionFailed as error:
            raise AlreadyExists(kind, name if 0 in error.failed else entry_id) from error
        self._cache.changed(tables.JUDGES)


def _one(entries: list[E_], kind: str, entry_id: str) -> E_:
    found = next((entry for entry in entries if getattr(entry, f"{kind}_id") == entry_id), None)
    return existing(found, kind, entry_id)


def _checked(prices: Prices) -> Prices:
    """All of the prices. Raises InvalidInput for one that there cannot be."""
    known: Prices = {"input_price": None, "output_price": None, "cached_price": None, **prices}
    for price in (known["input_price"], known["output_price"], known["cached_price"]):
        if price is not None and not 0 <= price < 1e6:
            raise InvalidInput(f"A price of {price} US dollars per million tokens is not possible.", field="price")
    return known
