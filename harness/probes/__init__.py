"""What is asked beside a suite's own tasks, to see what a fine-tuning broke: texts, prompts, and what judges them.

All of it was written for this project and is in the public domain (CC0 1.0).
"""
