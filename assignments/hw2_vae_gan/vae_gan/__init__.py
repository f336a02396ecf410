"""Variational autoencoders and generative adversarial networks."""
