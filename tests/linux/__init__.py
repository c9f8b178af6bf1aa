"""The kernel's interfaces."""
