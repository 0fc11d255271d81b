"""The REST API, an entry point beside the pages: the old system's endpoints, and under `/v2` what is new.

- shapes: what the old endpoints take and answer; spellings: the two spellings of documents and evaluations
- configuration, evaluation: the handlers of the old endpoints
- v2: the extension
- access: request ids, keys, limits; bodies: what counts as JSON; refusals: errors as answers

`api_compat.py` puts them together.
"""
