"""Tags: words that people put on runs, shown in every list. What tags there are is a list of its own, `TAGS` / tag.

A tag stands in the run's `brief`, which the run indexes project, under the revision that labels use: people who tag and
label one run at the same moment go one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from console.data.runs.items import run_key, run_summary, tags_of
from console.data.runs.labels import REVISION, as_read
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_line, plain_map, timestamp, to_wire_map
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Put, Query, Update
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound
from console.records import Run, RunId, RunSummary

TAG_LIMIT = 40
"""Characters of a tag."""
TAGS_OF_A_RUN = 20
_KNOWN = "TAGS"
_AT_ONCE = 8
_Tags = list[str]


class Tags:
    """Repository of tags.

    Args:
        recent: the recent writes of the lists of runs, so that they show a tag at once.
    """

    def __init__(self, store: Store, recent: RecentWrites[RunId, RunSummary]) -> None:
        self._store = store
        self._recent = recent

    def known(self) -> _Tags:
        """Every tag that was ever put on a run, in order. One Query."""
        return [item[tables.SK]["S"] for item in self._store.all(Query(tables.RUNS, _KNOWN))]

    def change(self, runs: Sequence[Run], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> int:
        """Puts tags on runs and takes others off; how many runs changed. Two requests for each run, one for each tag.

        Raises:
            InvalidInput: a tag is empty, too long or holds a comma; a run would have too many, or an earlier system
                wrote it.
            NotFound: a run has been removed.
        """
        added = [check_tag(tag) for tag in add]
        for tag in added:
            self._store.write(Put(tables.RUNS, to_wire_map(tables.keyed(_KNOWN, tag))))
        taken = {tag.strip().lower() for tag in remove}
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return sum(pool.map(lambda run: self._tag(run, added, taken), runs))

    # --- inside ----------------------------------------------------------------------------------------

    def _tag(self, run: Run, add: Sequence[str], remove: set[str]) -> bool:
        while True:
            item = self._read(run)
            before = tags_of(item)
            after = sorted(({*before} - remove) | {*add})
            if after == before:
                return False
            if len(after) > TAGS_OF_A_RUN:
                raise InvalidInput(
                    f"The run {run.run_id} would have {len(after)} tags; at most {TAGS_OF_A_RUN} are allowed."
                )
            try:
                self._store.write(_with_tags(item, after))
            except ConditionFailed:
                continue
            self._recent.remember(run.run_id, msgspec.structs.replace(run_summary(item), tags=after))
            return True

    def _read(self, run: Run) -> Item:
        """What a list shows of the run, and its revision."""
        at = timestamp(run.started_at)
        fields = dict.fromkeys((tables.PK, tables.SK, *tables.RUN_SUMMARY, REVISION))
        found = next(
            iter(self._store.all(Query(tables.RUNS, run_key(run.run_id), low=at, high=at, attributes=tuple(fields)))),
            None,
        )
        if found is None:
            raise NotFound("run", run.run_id)
        if "brief" not in found:
            raise InvalidInput(f"The run {run.run_id} was written by an earlier system and cannot have tags.")
        return found


def check_tag(tag: str) -> str:
    """A tag as it is kept: lower case, without white space around it. Raises InvalidInput for what can be none."""
    checked = check_line(tag, "The tag").strip().lower()
    if not checked or "," in checked:
        raise InvalidInput("A tag needs a name, without a comma.", field="tag")
    if len(checked) > TAG_LIMIT:
        raise InvalidInput(f"The tag has {len(checked)} characters; at most {TAG_LIMIT} are allowed.", field="tag")
    return checked


def _with_tags(item: Item, tags: Sequence[str]) -> Update:
    brief: dict[str, Any] = plain_map({name: one for name, one in item["brief"]["M"].items() if name != "tags"})
    if tags:
        brief["tags"] = list(tags)
    revision = int(item[REVISION]["N"]) if REVISION in item else 0
    key = (item[tables.PK]["S"], item[tables.SK]["S"])
    return Update(
        tables.RUNS,
        key,
        sets={"brief": brief, REVISION: revision + 1},
        condition=as_read(item["caseId"]["S"], revision),
    )
