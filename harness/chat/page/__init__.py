"""Pages to talk on, in a browser.

`quiet.py` comes first: of the others, `app.py`, `asked.py`, `serving.py` and the tabs import Gradio.
"""
