"""The people who work here as one sheet: written out, filled in, and taken over whole or not at all (花名册)."""
