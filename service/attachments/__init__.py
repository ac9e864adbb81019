"""Which files belong to a case? Stored by the hash of their content."""
