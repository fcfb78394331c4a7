"""A site in a folder, and back: database, files, and apart from both the key (docs/backup.md)."""
