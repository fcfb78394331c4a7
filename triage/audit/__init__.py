"""What auditors read: who did what, when, why, and what it changed; from the ledger, without anybody's words.

Read from events, so that looks, roles, tokens and erasures are told as decisions are. Reporters stay unnamed, be it by
pseudonym: only whoever holds or held a role is told apart.
"""
