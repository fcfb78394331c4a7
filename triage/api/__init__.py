"""What the API offers to those who triage."""
