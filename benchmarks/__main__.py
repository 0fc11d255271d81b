"""`make bench`: every benchmark, one after the other."""

from benchmarks import access, pages

access.main()
pages.main()
