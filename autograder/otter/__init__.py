"""The Otter front: an autograder zip as Otter makes it, behind which the hidden graders stand."""
