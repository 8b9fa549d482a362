"""Results as others find them: model cards, data sets, leaderboards, on the Hub or in a folder.

What is published is made of the summary alone, cleaned of this machine, as files that can be looked at before
they go anywhere.
"""
