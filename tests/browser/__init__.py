"""The product as people see it, in Chromium. A package, so that its one browser ends where its tests do."""
