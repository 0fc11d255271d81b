"""`make bench`: every benchmark, one after the other."""

from benchmarks import access, api, batches, cost, pages, vectors

access.main()
pages.main()
vectors.main()
cost.main()
api.main()
batches.main()
