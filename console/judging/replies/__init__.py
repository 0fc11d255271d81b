"""What a judge answered, read: numerals, objects, lines, and the scores in them."""
