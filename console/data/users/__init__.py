"""Users, their passwords and sign-in."""
