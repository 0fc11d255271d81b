"""The page of operations: is the store well, what is in it, what has this process asked of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.admin import operations as actions
from console.actions.admin.operations import NO_VECTORS, VECTORS, Counters, Health, Operations, TableReport
from console.data.runs.rollups.recount import Difference
from console.errors import Denied
from console.records import Batch, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import show_error
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, show_records, text_column
from console.ui.frame.facts import fact_list
from console.ui.sign_in.saving import problem

_KINDS = {
    "dynoxide": "Dynoxide (embedded, durable)",
    "moto": "Moto (embedded, in memory only)",
    "endpoint": "DynamoDB-compatible endpoint",
    "aws": "Amazon DynamoDB",
}
_PROJECTIONS = {
    "ALL": "holds whole items",
    "INCLUDE": "holds what lists show",
    VECTORS: "vectors, by cosine",
    NO_VECTORS: "not on this engine: searches compare every vector",
}
_SLOW = 250.0
"""Milliseconds from which on one small read is slow."""


def state_line(health: Health, operations: Operations | None) -> None:
    """One sentence: does the store answer, and is everything in it that should be."""
    if health.error:
        st.badge("▼ The store does not answer", color="orange")
        show_error(health.error, "operations.health")
        return
    wrong = [report.name for report in operations.tables if report.problems] if operations else []
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="operations-state"):
        slow = health.milliseconds >= _SLOW
        words = "answers slowly" if slow else "answers"
        st.badge(f"{'▼' if slow else '●'} The store {words}", color="orange" if slow else "blue")
        said = f"One read took {health.milliseconds:.1f} ms"
        said += f"; {len(wrong)} tables are not as they should be" if wrong else "; every table is as it should be"
        st.caption(said, width="content")


def engine_card(services: Services, counters: Counters) -> None:
    """What stores the data, and who uses it."""
    engine, process, settings = services.engine, counters.engine, services.settings
    version = engine.version or (process.version if process else "")
    rows = {
        "Engine": _KINDS.get(engine.kind, engine.kind) + (f", version {version}" if version else ""),
        "Endpoint": engine.address or f"AWS, region {settings.aws_region}",
        "Table prefix": services.store.prefix or text.NOTHING,
    }
    if process:
        rows["Data folder"] = str(settings.data_dir.resolve())
        rows["Process"] = f"{process.pid}, since {text.moment(process.started)}"
        rows["Ends"] = "when it is stopped" if process.kept else "with its last user"
        for number, user in enumerate(process.users, start=1):
            rows[f"User {number}" if len(process.users) > 1 else "Used by"] = f"process {user}"
    with card("Engine", "What stores the data, and who holds it open", "operations-engine"):
        fact_list(rows, "Engine")


def traffic_card(counters: Counters) -> None:
    """Requests, units and faults since this process started."""
    store = counters.store
    with card("Requests", "Of this console process since it started", "operations-requests"):
        units = "Consumed capacity, as the store reports it"
        with st.grid(columns=5, min_column_width=90, gap=8, key="operations-traffic"):
            st.metric("Requests", text.count(sum(store.requests.values())), help="Answered by the store")
            st.metric("Read units", f"{store.read_units:,.1f}", help=units)
            st.metric("Write units", f"{store.write_units:,.1f}", help=units)
            vectors = store.vector_bytes
            said = f"Metered by vector indexes: {text.size(int(vectors['write']))} written"
            st.metric("Vector search", text.size(int(vectors["search"])), help=said)
            for name, milliseconds in store.percentiles.items():
                st.metric(f"Latency {name}", f"{milliseconds:.1f} ms", help="Of the latest 2,000 requests")
            st.metric("Throttles", text.count(store.throttles), help="Answers that asked to slow down")
            st.metric("Retries", text.count(store.retries), help="Requests that were made again")
            st.metric("Failures", text.count(store.failures), help="Calls that ended in an error")
        ordered = sorted(store.requests.items(), key=lambda item: -item[1])
        st.dataframe(
            [{"Operation": name, "Requests": number} for name, number in ordered],
            column_config={
                "Operation": st.column_config.TextColumn(width="medium"),
                "Requests": st.column_config.ProgressColumn(
                    format="%d", min_value=0, max_value=max(store.requests.values(), default=1)
                ),
            },
            hide_index=True,
            height="content",
            placeholder="",
            alt="Requests by operation",
        )


def cache_card(counters: Counters) -> None:
    """How much the cache saves, and how full it is."""
    cache = counters.cache
    asked = cache.hits + cache.misses
    with card("Cache", "Configuration by change token, finished runs by bytes", "operations-cache"):
        with st.grid(columns=4, min_column_width=90, gap=8, key="operations-cache-figures"):
            st.metric("Hit rate", text.percent(cache.hits / asked if asked else None))
            st.metric("Hits", text.count(cache.hits))
            st.metric("Misses", text.count(cache.misses))
            st.metric("Entries", text.count(cache.entries))
        full = min(cache.bytes / cache.budget, 1.0) if cache.budget else 0.0
        st.progress(full, f"{text.size(cache.bytes)} of {text.size(cache.budget)} for finished runs")
        if cache.shared == "off":
            st.caption("No cache is shared with other processes (CACHE_URL is not set).")
        elif cache.shared == "up":
            st.caption(f"The shared cache answers; it had {cache.shared_hits:,} of the misses.")
        else:
            st.badge("▼ The shared cache does not answer", color="orange")
            st.text(cache.shared)


def table_card(reports: Sequence[TableReport]) -> None:
    """Tables and indexes as the store describes them, against what they should be."""
    rows = [row for report in reports for row in _rows(report)]
    with card(
        "Tables and indexes", "As the store describes them; DynamoDB counts items every six hours", "operations-tables"
    ):
        st.dataframe(
            rows,
            column_config={
                "Name": st.column_config.TextColumn(width=175),
                "Kind": st.column_config.TextColumn(width=55),
                "Status": st.column_config.TextColumn(width=70),
                "Items": st.column_config.NumberColumn(format="%,d", width=65),
                "Size": st.column_config.TextColumn(width=70, alignment="right"),
                "State": st.column_config.TextColumn(width=380),
            },
            hide_index=True,
            height="content",
            row_height=32,
            placeholder=text.NOTHING,
            alt="Tables and indexes",
        )
        if any(report.items and report.bytes is None for report in reports):
            st.caption("This engine does not count sizes, nor the items of indexes.")


def lease_card(batches: Sequence[Batch]) -> None:
    """Batches that a worker has now."""
    with card("Leases", "Batches that a worker has now", "operations-leases"):
        if not batches:
            st.caption("No batch is being worked on.")
            return
        columns: list[Column[Batch]] = [
            text_column("Batch", lambda batch: batch.name, 170),
            text_column("Worker", lambda batch: batch.lease_owner, 160),
            text_column("Until", lambda batch: text.moment(batch.lease_until), 170),
            text_column("Rows", lambda batch: f"{batch.done + batch.failed:,} / {batch.total:,}", 90),
        ]
        show_records(batches, columns, alt="Leased batches", height="content")


def rollup_card(services: Services, user: User, runs: int) -> None:
    """The proof that the pre-aggregated counts equal the runs, on request.

    Args:
        runs: about how many there are, for the progress.
    """
    with card("Rollups", "Dashboards read counts that are kept while runs finish", "operations-rollups"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            verify = st.button("Verify", key="operations.verify", icon=":material/fact_check:")
            rebuild = st.button("Rebuild", key="operations.rebuild", icon=":material/build:", type="tertiary")
        st.caption("Both recount every run: minutes, and read units, for hundreds of thousands of them.")
        problem("operations.rollups")
        if not verify and not rebuild:
            return
        bar = st.progress(0.0, "Recounting the runs")

        def progress(number: int) -> None:
            bar.progress(min(number / max(runs, number), 1.0), f"{number:,} runs recounted")

        try:
            if verify:
                different = actions.verify_rollups(services, user, progress)
            else:
                written = actions.rebuild_rollups(services, user, progress)
        except Denied as lacking:
            st.error(f"{lacking} Give it the policy MaintenanceAccess of the stack while runs are recounted.")
            return
        finally:
            bar.empty()
        if verify:
            _verified(different)
        else:
            st.success(f"{written:,} rollups were corrected; all equal a recount of the runs.", icon=":material/check:")


def _verified(different: Sequence[Difference]) -> None:
    if not different:
        st.success("Every rollup equals a recount of the runs.", icon=":material/check:")
        return
    st.warning(f"{len(different):,} rollups differ. Rebuild corrects them.", icon=":material/error:")
    st.dataframe(
        [
            {
                "Day": one.key[0],
                "Case": one.key[1],
                "Judge": one.key[2],
                "Model": one.key[3],
                "Kept": one.stored.completed + one.stored.failed if one.stored else 0,
                "Recounted": one.counted.completed + one.counted.failed if one.counted else 0,
            }
            for one in different
        ],
        hide_index=True,
        alt="Rollups that differ",
    )


def _rows(report: TableReport) -> list[dict[str, object]]:
    said = report.problems or report.remarks
    mark = "✕ " if report.problems else "! " if report.remarks else "● "
    table: dict[str, object] = {
        "Name": report.name,
        "Kind": "Table",
        "Status": report.status.capitalize(),
        "Items": report.items,
        "Size": text.size(report.bytes),
        "State": mark
        + ("; ".join(said) or "as it should be")
        + (", protected from deletion" if report.protected else ""),
    }
    indexes: list[dict[str, object]] = [
        {
            "Name": f"    {index.name}",
            "Kind": "Index",
            "Status": index.status.capitalize(),
            "Items": index.items,
            "Size": text.size(index.bytes),
            "State": _PROJECTIONS.get(index.projection, ""),
        }
        for index in report.indexes
    ]
    return [table, *indexes]
