"""Signing in, by password or by a provider, and writes as who is signed in."""
