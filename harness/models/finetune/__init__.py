"""Fine-tuning: from encoded examples to an adapter, and a record of what that took."""
