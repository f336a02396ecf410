"""Q3: noise schedules."""

from autograder.grading import part


@part("a")
def test_linear(run):
    """linear schedules with the default ends, with other ends, and of two steps"""
    run("linear").matches("schedule")


@part("a", weight=2)
def test_cosine(run):
    """cosine schedules of few and of 1000 steps, with another offset, and a low upper bound"""
    run("cosine").matches("schedule")


@part("b", weight=2)
def test_levels(run):
    """alpha_bar of a few large betas and of many small ones"""
    run("levels").matches("schedule")


@part("b")
def test_ratio(run):
    """signal-to-noise ratio in the middle and near both ends"""
    run("ratio").matches()


@part("b", devices="cpu")  # float32 does not tell these levels from 1
def test_ratio_without_noise(run):
    """signal-to-noise ratio where hardly any noise is left, up to alpha_bar = 1 - 1e-9"""
    run("ratio_without_noise").matches()


@part("c")
def test_data_from_noise(run):
    """x_0 from eps: images, sequences, vectors, and one example without noise"""
    run("data_from_noise").matches()


@part("c")
def test_noise_from_data(run):
    """eps from x_0: images, sequences, vectors, and one example that is all noise"""
    run("noise_from_data").matches()


@part("c")
def test_score_from_noise(run):
    """score from eps: images, sequences, vectors, and one example that is all noise"""
    run("score_from_noise").matches()


@part("d")
def test_velocities(run):
    """velocity of images, sequences, vectors, and one example at each end"""
    run("velocities").matches()


@part("d")
def test_data_from_velocity(run):
    """x_0 from velocity: images, sequences, vectors, and one example at each end"""
    run("data_from_velocity").matches()


@part("d")
def test_noise_from_velocity(run):
    """eps from velocity: images, sequences, vectors, and one example at each end"""
    run("noise_from_velocity").matches()
