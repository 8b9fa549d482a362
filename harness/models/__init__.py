"""Making artifacts: fine-tuning, merging, GGUF conversion, quantization, and checking each.

Plain functions that a worker process calls. Each writes only into the `out` it is given; the
caller provides a temporary place, renames it atomically and writes the manifest.
"""
