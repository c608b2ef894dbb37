"""Plant gaps: for each reason, what breaks a dataset, what was mended in it, and what is wrongly said of it."""
