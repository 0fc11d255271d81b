"""`make bench`: every benchmark, one after the other."""

from benchmarks import access, api, batches, pages, vectors

access.main()
pages.main()
vectors.main()
api.main()
batches.main()
