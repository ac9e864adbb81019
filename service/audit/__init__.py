"""Who did what, when? Append-only history, each entry chained by hash to the one before it."""
