from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = None

@test_case(points=None, hidden=False, 
    success_message="The public checks pass; the grader tests more.")
def test_vae():
    from training.notebook import check
    check('vae')

