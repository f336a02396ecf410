"""The Gradescope front: the autograder zip, its results file, and a local simulation of it."""
