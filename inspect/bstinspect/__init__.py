"""The inspector: it follows process trees with ptrace, pidfd and /proc. The cluster is its first subject."""
