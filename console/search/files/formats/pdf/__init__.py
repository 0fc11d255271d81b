"""PDF: the text of pages, whether its letters are letters, and what else is on a page."""
