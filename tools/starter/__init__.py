"""What only makes the embedded starter: not in the wheel, which holds what it made."""
