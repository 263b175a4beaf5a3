"""A small Falcon application."""

import io

import falcon


class Index:
    def on_get(self, req, resp):
        resp.text = "Hello from Falcon"
        resp.content_type = "text/plain"


class Echo:
    def on_post(self, req, resp):
        resp.media = {"got": req.get_media(), "args": req.params}


class Upload:
    def on_post(self, req, resp):
        resp.media = {part.name: part.stream.read().decode() for part in req.get_media()}


class Raw:
    def on_put(self, req, resp):
        resp.media = {"bytes": len(req.bounded_stream.read())}


class Stream:
    def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.stream = (b"line %d\n" % i for i in range(5))


class Memory:
    def on_get(self, req, resp):
        resp.content_type = "application/octet-stream"
        resp.set_stream(io.BytesIO(b"in memory"), 9)


class Fail:
    def on_get(self, req, resp):
        raise RuntimeError("a bug")


application = falcon.App()
application.req_options.auto_parse_form_urlencoded = False
for path, resource in (("/", Index()), ("/json", Echo()), ("/upload", Upload()), ("/raw", Raw()), ("/stream", Stream()), ("/memory", Memory()), ("/fail", Fail())):
    application.add_route(path, resource)
