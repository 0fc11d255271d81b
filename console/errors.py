"""Every error that the product raises on purpose.

    ConsoleError                 500
    |-- InvalidInput             422   a value that the caller can correct
    |   `-- TooLarge             413   a value beyond a stated limit
    |-- SignInRequired           401
    |-- Forbidden                403   the role does not allow it
    |-- NotFound                 404
    |-- AlreadyExists            409   a unique name is taken
    |-- ConflictError            409   somebody else saved first; says who and when
    |   `-- BatchTaken           409   another worker has the batch; says which and until when
    |-- SetupError               500   the environment or the settings are wrong
    |   |-- Denied               500   the role of this process lacks a permission; names it
    |   `-- NotServed            501   the store that serves now has no place for this
    |-- UnsupportedMetric        501   no judge works by this metric
    |-- JudgingError             502   no score was obtained; says why and what to do
    |   |-- Unscored             502   a reply came, and there is no score in it
    |   `-- BudgetSpent          502   a call was not made: the budget does not allow it
    |-- EmbedderUnavailable      503   an embedder's service refused or did not answer
    `-- StoreError               503
        |-- StoreUnavailable     503   no answer, or none within the deadline
        |-- DataFolderFailed     503   the disk of the data folder is full or fails; says which
        |-- IndexUnavailable     503   a vector index that cannot be searched now; says why
        |-- UnsavedItems         503   a batch gave up; names the keys that were not saved
        `-- CorruptItem          500   an item that cannot be read back

Messages are sentences for the person who sees them and say what to do. Foreign exceptions
(botocore, redis, msgspec) never leave the module that provoked them: they are chained as causes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from console.redaction import redacted

T = TypeVar("T")
_SHOWN = 100
"""Characters of an id that a message repeats."""
_RESTORE = (
    "Stop the console and put a copy of the folder back, or save what can be read of it: "
    "sqlite3 dynamodb.db .recover | sqlite3 saved.db"
)
_FOLDER_FAILS = {
    "database or disk is full": "The disk of the data folder is full. Free some space on it, then try again.",
    "disk image is malformed": f"The database in the data folder is damaged. {_RESTORE}",
    "not a valid database": f"The database in the data folder is damaged. {_RESTORE}",
    "not a valid SQLite database": f"The database in the data folder is damaged. {_RESTORE}",
    "file is not a database": f"The database in the data folder is damaged. {_RESTORE}",
    "disk I/O error": "The disk of the data folder cannot be read or written: a quota or the largest size of a file is "
    "reached, or the disk fails. Look at the disk and at the system's log, then try again.",
    "readonly database": "The database in the data folder may not be written. Make its files writable, then try again.",
    "unable to open database": "The database in the data folder cannot be opened. Make its files readable and "
    "writable, then try again.",
}
"""SQLite's words (https://www.sqlite.org/rescode.html), as the embedded engine repeats them, and ours."""


class ConsoleError(Exception):
    """Root of the tree. `status` is the HTTP status that the API answers with.

    Messages are shown, stored with runs and logged: what is a secret by its form is taken out here, once.
    """

    status = 500

    def __init__(self, *said: object) -> None:
        super().__init__(*(redacted(one) if isinstance(one, str) else one for one in said))


class InvalidInput(ConsoleError):
    """A value that the caller can correct; `field` names it when there is one."""

    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooLarge(InvalidInput):
    """A value beyond a stated limit; nothing was written."""

    status = 413


class SignInRequired(ConsoleError):
    """No valid session."""

    status = 401


class Forbidden(ConsoleError):
    """The signed-in role does not allow this."""

    status = 403


class NotFound(ConsoleError):
    """No such record. `kind` is the field's word for it, `key` its id."""

    status = 404

    def __init__(self, kind: str, key: object) -> None:
        shown = str(key)[:_SHOWN].encode(errors="replace").decode()
        super().__init__(f"There is no {kind} {shown}. It may have been removed; check the id.")
        self.kind = kind
        self.key = key


def existing(one: T | None, kind: str, key: object) -> T:
    """What was found. Raises NotFound where that is nothing."""
    if one is None:
        raise NotFound(kind, key)
    return one


class AlreadyExists(ConsoleError):
    """A unique name (or id) is taken."""

    status = 409

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"A {kind} named {name!r} already exists. Choose another name.")
        self.kind = kind
        self.name = name


class ConflictError(ConsoleError):
    """Somebody else saved first (optimistic lock on `revision`)."""

    status = 409

    def __init__(self, kind: str, key: str, *, changed_by: str, changed_on: datetime | None) -> None:
        when = f" at {changed_on:%Y-%m-%d %H:%M:%S} UTC" if changed_on else ""
        super().__init__(
            f"The {kind} was changed by {changed_by}{when} after you opened it. Reload it, compare, and save again."
        )
        self.kind = kind
        self.key = key
        self.changed_by = changed_by
        self.changed_on = changed_on


class BatchTaken(ConflictError):
    """Another worker has the batch (a lease that has not lapsed)."""

    def __init__(self, batch_id: str, *, owner: str | None, until: datetime | None) -> None:
        when = f" until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
        holder = f"{owner} works on the batch{when}" if owner else "Nobody works on the batch now"
        ConsoleError.__init__(self, f"{holder}; this worker does not have it. Resume it when it is free.")
        self.kind = "batch"
        self.key = batch_id
        self.changed_by = owner or ""
        self.changed_on = until


class SetupError(ConsoleError):
    """The environment or the settings are wrong; the message says what to change."""


class Denied(SetupError):
    """The role that this process has in AWS lacks a permission; `permission` names it where AWS did."""

    def __init__(self, message: str, permission: str = "") -> None:
        super().__init__(message)
        self.permission = permission


class NotServed(SetupError):
    """The store that serves now has no place for this."""

    status = 501


class EmbedderUnavailable(ConsoleError):
    """An embedder's service refused or did not answer."""

    status = 503

    def __init__(self, embedder: str, why: str) -> None:
        super().__init__(f"The embedder {embedder} made no vectors: {why}. Try again, or check its settings.")
        self.embedder = embedder


class UnsupportedMetric(ConsoleError):
    """The metric is neither `geval` nor `similarity`."""

    status = 501

    def __init__(self, metric: str) -> None:
        super().__init__(f"The metric {metric!r} cannot be evaluated. Use a judge of the metric geval or similarity.")
        self.metric = metric


class JudgingError(ConsoleError):
    """No score was obtained. The first line of the message says why, the others what to do."""

    status = 502

    def __init__(self, message: str, *, reply: str | None = None, final: bool = False) -> None:
        super().__init__(message)
        self.reply = reply
        """What the model said, as it came, where it said something."""
        self.final = final
        """Whether no call of this judge will do better until somebody acts: the key, its rights or its credit."""


class Unscored(JudgingError):
    """A reply without a usable score."""


class BudgetSpent(JudgingError):
    """A call was not made: the budget, in US dollars, does not allow it."""

    def __init__(self, limit: float) -> None:
        super().__init__(
            f"Stopped before it would cost more than ${limit:g}.\nGo on with a larger budget, or without one."
        )


class StoreError(ConsoleError):
    """The store refused or failed."""

    status = 503


class StoreUnavailable(StoreError):
    """No usable answer within the deadline. Whether the last attempt was applied is unknown."""


class DataFolderFailed(StoreError):
    """The disk of the data folder is full or fails, or its database is damaged: trying again does not help."""

    @classmethod
    def told_by(cls, said: str) -> DataFolderFailed | None:
        """What the embedded engine's words mean; None when they are about something else."""
        return next((cls(ours) for words, ours in _FOLDER_FAILS.items() if words in said), None)


class IndexUnavailable(StoreError):
    """A vector index that cannot be searched now: it is being built, or gone. Compare the vectors themselves."""


class UnsavedItems(StoreError):
    """A batch gave up before everything was stored; `keys` are those that were not."""

    def __init__(self, table: str, keys: Sequence[str], why: str = "") -> None:
        shown = ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")
        advice = why or "The store kept refusing them. Try again later."
        super().__init__(
            f"{len(keys)} item(s) of {table} were not saved: {shown}. {advice} What was saved stays saved."
        )
        self.table = table
        self.keys = tuple(keys)


class CorruptItem(StoreError):
    """An item that cannot be read back as what it should be."""

    status = 500
