"""What a suite needs of disk, memory and time, before a byte of a model is there. Nothing here imports torch.

shape → files, mixtures            what a model is made of, and its bytes on disk
inference, training, making → need what answering, fine-tuning and converting hold in memory, part by part
work → machine                     what is to be computed, over what this machine does
sources, asked, questions → facts  what is known of models, prompts and examples
steps → remedies, timing, forecast what each step of a plan needs, whether it fits, what would help

docs/fit.md has the formulas, and estimates against measured peaks.
"""
