"""A small Bottle application."""

from bottle import Bottle, HTTPResponse, request, response

app = Bottle()


@app.get("/")
def index():
    return "Hello from Bottle"


@app.post("/form")
def form():
    upload = request.files.get("file")
    return {"text": request.forms.text, "file": upload.file.read().decode() if upload else None}


@app.get("/cookie/<value>")
def cookie(value):
    response.set_cookie("kept", value, secret="only for tests")
    return "set"


@app.get("/cookie")
def read_cookie():
    return request.get_cookie("kept", secret="only for tests") or "none"


@app.get("/stream")
def stream():
    response.content_type = "text/plain"
    for i in range(5):
        yield "line %d\n" % i


@app.get("/empty")
def empty():
    return HTTPResponse(status=204)


@app.get("/fail")
def fail():
    raise RuntimeError("a bug")


application = app
