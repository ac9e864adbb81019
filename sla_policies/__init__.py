"""What is owed, by when, and who hears next: pure rules, and the policy files they read."""
