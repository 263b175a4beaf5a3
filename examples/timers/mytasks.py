# mortise --http :9090 --wsgi-file ../hello/bootstrap.py --import mytasks.py
from uwsgidecorators import *


@timer(3)
def three_seconds(signum):
    print("3 seconds elapsed")
