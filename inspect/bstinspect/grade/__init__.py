"""`bstrace grade`: drives any program that speaks the assignment's language, in real time, and marks it."""
