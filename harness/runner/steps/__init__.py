"""What a worker does for each kind of step that makes an artifact: the handlers that `plan.kinds` names.

A handler is given the job, the folder to write into, how many threads it may take, and whom to
tell how far it is; it gives what was found, for the artifact's manifest. Heavy parts are imported
inside the handlers.
"""
