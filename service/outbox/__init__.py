"""What must be told to whom? Notices are rows, written with the change they tell of and delivered later."""
