"""Energy-based models, score matching and diffusion models."""
