"""Many submissions: batches, and what they leave behind."""
