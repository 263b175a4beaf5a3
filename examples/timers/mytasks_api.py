# mortise --http :9090 --wsgi-file ../hello/bootstrap.py --import mytasks_api.py
import uwsgi


def two_seconds(signum):
    print("signal %d: 2 seconds elapsed" % signum)


def once_after_forty(signum):
    print("signal %d: 40 seconds elapsed" % signum)


uwsgi.register_signal(26, "worker", two_seconds)
uwsgi.add_timer(26, 2)
uwsgi.register_signal(30, "worker", once_after_forty)
uwsgi.add_rb_timer(30, 40, 1)
