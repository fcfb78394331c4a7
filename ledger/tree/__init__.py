"""The ledger as outsiders know it: a Merkle tree, proofs, tiles, signed notes. Pure: standard library only."""
