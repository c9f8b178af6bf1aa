"""What a capture and a session's log tell, put together in one pass: the facts of a report, not its text.

Everything here is bounded, however long the capture is: calls are counted, and only those that say something
are kept (the first of each kind of error, messages, the lives of sockets, what happened around a death).
"""
