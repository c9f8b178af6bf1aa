"""The kernel's own interfaces, thinly, a file each. Nothing here knows of records or of the cluster."""
