"""Documents of every kind, made when they are asked for."""
