"""What every page is made of: session, style, text, filters, charts, cards, navigation, errors."""
