"""Views of the run list that people keep: filters under a name, for everybody; and the columns that each likes to see.

`VIEW#runs` / name, and `VIEW#columns` / user name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from console.data.store import tables
from console.data.store.codec import to_wire_map
from console.data.store.names import check_name
from console.data.store.requests import Delete, Put, Query
from console.data.store.store import Store
from console.errors import InvalidInput, existing
from console.records import RunView, utcnow

KIND = "view"
MOST = 200
"""Views that there may be."""
_VIEWS, _COLUMNS = "VIEW#runs", "VIEW#columns"
_QUERY_LIMIT = 4_000
"""Characters of what a view asks for."""
_Views = list[RunView]
_Names = list[str]


class Views:
    """Repository of views."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock

    def list(self) -> _Views:
        """All views by name. One Query."""
        found = [
            msgspec.json.decode(item["view"]["S"], type=RunView) for item in self._store.all(Query(tables.RUNS, _VIEWS))
        ]
        return sorted(found, key=lambda view: view.name.casefold())

    def find(self, name: str) -> RunView | None:
        """The view of this name, or None. One GetItem."""
        item = self._store.get(tables.RUNS, _VIEWS, name)
        return msgspec.json.decode(item["view"]["S"], type=RunView) if item else None

    def get(self, name: str) -> RunView:
        """The view of this name. One GetItem. Raises NotFound."""
        return existing(self.find(name), KIND, name)

    def save(self, name: str, query: dict[str, str], *, by: str) -> RunView:
        """Keeps a view; one of the same name is replaced. Two requests.

        Raises:
            InvalidInput: the name cannot be one, the view asks for too much, or there are too many.
        """
        view = RunView(name=check_name(name, KIND), query=query, saved_by=by, saved_on=self._clock())
        body = msgspec.json.encode(view).decode()
        if len(body) > _QUERY_LIMIT:
            raise InvalidInput("The view asks for too much to be kept. Take some of the chosen runs away.")
        if self.find(view.name) is None and len(self.list()) >= MOST:
            raise InvalidInput(f"There are {MOST} views already. Remove one that nobody needs.")
        self._store.write(Put(tables.RUNS, to_wire_map({**tables.keyed(_VIEWS, view.name), "view": body})))
        return view

    def remove(self, name: str) -> None:
        """Removes a view; no error when there is none. One request."""
        self._store.write(Delete(tables.RUNS, (_VIEWS, name)))

    def columns(self, username: str) -> _Names:
        """The columns that somebody chose last; none where they never did. One GetItem."""
        item = self._store.get(tables.RUNS, _COLUMNS, username)
        return item["columns"]["S"].split(",") if item else []

    def keep_columns(self, username: str, names: Sequence[str]) -> None:
        """Keeps the columns that somebody chose; none forgets them. One request."""
        key = (_COLUMNS, username)
        if not names:
            self._store.write(Delete(tables.RUNS, key))
            return
        item = to_wire_map({**tables.keyed(*key), "columns": ",".join(names)})
        self._store.write(Put(tables.RUNS, item))
