"""Weights as GGUF files: converted by llama.cpp's own script, quantized by llama.cpp in process."""
