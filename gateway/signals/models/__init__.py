"""Data files of the text signals: trained weights, lexicons and the folding table; each is built by `training`."""
