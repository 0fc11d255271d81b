"""Cases, judges, models and evaluation steps as admins edit them."""
