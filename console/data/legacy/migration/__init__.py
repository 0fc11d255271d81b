"""Bringing an old database over: opened, read row by row, brought, and compared."""
