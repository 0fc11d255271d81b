"""Use cases that span aggregates, a folder per feature; `permissions` says who may do what."""
