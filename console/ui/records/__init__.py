"""The pages of cases, judges, models and metrics: forms, drafts, versions, conflicts."""
