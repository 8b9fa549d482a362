"""GGUF files, through llama.cpp's low-level interface."""
