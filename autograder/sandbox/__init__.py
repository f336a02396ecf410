"""The untrusted side: runs probes on student code in confined processes. Knows no answers."""
