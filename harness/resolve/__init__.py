"""From a suite to what its names stand for: asked, downloaded and called once, and written down as plain data.

This room stands above data, models, metrics and the Hub, which it asks, and above the plan, whose
`Resolved` it gives; the plan knows none of them.
"""
