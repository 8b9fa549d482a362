"""Two real models on real data, held against plain Transformers and llama.cpp's own figures."""
