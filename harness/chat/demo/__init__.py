"""What fine-tuning or quantization changed, shown by examples that were drawn and not picked."""
