"""What is a request about? The service catalogue."""
