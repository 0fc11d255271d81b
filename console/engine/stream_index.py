"""What the embedded engine's streams lack: an index, and an end.

dynoxide 1.2.1 finds the number of a stream record by reading all records of the table, so that each write takes as
much longer as there were writes before it (measured: 0.4 ms for an item at the beginning, 50 ms after 100,000), and it
keeps records for ever, where DynamoDB keeps a day. The index is on the expression that it asks for, letter by letter.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from console.errors import DataFolderFailed, SetupError

_INDEX = (
    "CREATE INDEX IF NOT EXISTS console_stream_records"
    " ON _stream_records (table_name, CAST(sequence_number AS INTEGER))"
)
_TRIM = (
    "DELETE FROM _stream_records WHERE created_at < ?"
    " AND id NOT IN (SELECT MAX(id) FROM _stream_records GROUP BY table_name)"
)
"""The newest record of a table stays: the numbers go on from it."""
_DAY = 24 * 3600
_PATIENCE = 10.0


def prepare_streams(database: Path) -> None:
    """Gives the file of a running or stopped engine the index, and removes records that are older than a day.

    Raises:
        DataFolderFailed: the disk is full, or the database is damaged.
        SetupError: the file cannot be changed, or is of another version of the engine.
    """
    try:
        with closing(sqlite3.connect(database, timeout=_PATIENCE)) as connection, connection:
            connection.execute(_INDEX)
            connection.execute(_TRIM, (int(time.time()) - _DAY,))
    except sqlite3.Error as error:
        if failed := DataFolderFailed.told_by(str(error)):
            raise failed from error
        raise SetupError(f"The embedded engine's streams could not be prepared in {database}: {error}.") from error
