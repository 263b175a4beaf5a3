"""A small Pyramid application."""

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory


def index(request):
    return Response("Hello from Pyramid")


def as_json(request):
    return {"got": request.json_body, "args": dict(request.GET)}


def form(request):
    return {"text": request.POST["text"], "file": request.POST["file"].file.read().decode()}


def login(request):
    request.session["name"] = request.matchdict["name"]
    return HTTPFound(request.route_url("whoami"))


def whoami(request):
    return Response(request.session.get("name", "nobody"))


def file(request):
    return FileResponse(__file__, request)


def stream(request):
    return Response(app_iter=(b"line %d\n" % i for i in range(5)), content_type="text/plain")


def fail(request):
    raise RuntimeError("a bug")


with Configurator() as config:
    config.set_session_factory(SignedCookieSessionFactory("only for tests"))
    for name, path, view, renderer in (
        ("index", "/", index, None),
        ("json", "/json", as_json, "json"),
        ("form", "/form", form, "json"),
        ("login", "/login/{name}", login, None),
        ("whoami", "/whoami", whoami, None),
        ("file", "/file", file, None),
        ("stream", "/stream", stream, None),
        ("fail", "/fail", fail, None),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, renderer=renderer)
    application = config.make_wsgi_app()
