"""What people choose with: filters, pickers, pages of lists, drafts of forms, the command palette."""
