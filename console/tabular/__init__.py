"""Tabular files, read and written in one way: CSV, TSV, JSON Lines and JSON lists of objects.

- encodings: which encoding the bytes are in
- separated: the delimiter, the header and the records of CSV and TSV
- objects: the objects of JSON Lines and JSON lists
- files: `TabularFile`, rows or what is wrong with them, by line
- writing: CSV that no spreadsheet runs as a formula, and JSON Lines that survive any reader of lines

What cannot be read is refused with its line and the reason; nothing is left out in silence.
"""
