"""Lists by time over the indexes: pages, cursors, headers, and what this process wrote a moment ago."""
