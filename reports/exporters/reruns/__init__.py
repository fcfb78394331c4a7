"""An issue as cases for the tools that developers test with: run before a release, they say whether it still fails."""
