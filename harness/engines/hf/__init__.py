"""Transformers folders, with PEFT adapters and bitsandbytes quantization."""
