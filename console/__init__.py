"""The G-Eval console: data tier, judging, search, pages and commands. Start with `records/`."""
