"""One thin file per page: load, view, render, act."""
