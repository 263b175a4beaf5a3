"""A small Django project in one file: admin, a form with CSRF protection, a database, files and streams."""

import os
import pathlib

import django
from django.conf import settings
from django.core.management import call_command
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

HERE = pathlib.Path(__file__).parent

if not settings.configured:
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(pathlib.Path.cwd() / "db.sqlite3")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        STATIC_URL="/static/",
    )
    django.setup()

from django.contrib import admin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import path  # noqa: E402


def form(request):
    if request.method == "POST":
        uploaded = {name: file.read().decode() for name, file in request.FILES.items()}
        return HttpResponse("posted %s %s" % (dict(request.POST.items()).get("text"), uploaded))
    return HttpResponse(get_token(request))


def stream(request):
    return StreamingHttpResponse(("part %d\n" % i for i in range(3)), content_type="text/plain")


def file(request):
    return FileResponse(open(__file__, "rb"))


def fail(request):
    raise RuntimeError("a bug")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("form", form),
    path("stream", stream),
    path("file", file),
    path("fail", fail),
]


def make_database():
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("ada", "ada@example.org", "lovelace")


if os.environ.get("MAKE_DATABASE"):
    make_database()
application = get_wsgi_application()
