"""How does a notice reach a person? Which channel is its turn, how it is sent, and what became of it."""
