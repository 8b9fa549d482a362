"""What runs leave behind: answers on disk, baselines, and what is made of them side by side."""
