"""A suite in parts: which shard of a job array does what, and how what they found is joined."""
