"""`make bench`: every benchmark, one after the other."""

from benchmarks import access, api, batches, cost, gate, money, page_ratio, pages, scores, vectors

access.main()
pages.main()
page_ratio.main()
vectors.main()
cost.main()
api.main()
batches.main()
money.main()
gate.main()
scores.main()
