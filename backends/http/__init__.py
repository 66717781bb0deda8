"""How engines that are servers are spoken to: one transport, one map of errors, one file for each wire format."""
