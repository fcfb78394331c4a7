"""Early warning at work: what was counted is read, the detectors asked, and rows of Signal opened and kept current."""
