"""Webhooks: notices that go to an address somebody named, signed as Standard Webhooks 1.0.0 says."""
