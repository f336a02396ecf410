"""Likelihood models: density estimation, autoregressive models, normalizing flows."""
