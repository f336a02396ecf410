"""Autograder of the Deep Generative Models homework suite."""
