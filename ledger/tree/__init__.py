"""The ledger as outsiders know it: a Merkle tree, its proofs, its tiles, its signed notes. Pure: standard library only."""
