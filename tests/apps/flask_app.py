"""A small Flask application: what most of them do."""

import io

from flask import Flask, Response, jsonify, redirect, request, send_file, session, stream_with_context, url_for

app = Flask(__name__)
app.secret_key = "only for tests"


@app.route("/")
def index():
    return "Hello from Flask"


@app.route("/json", methods=["GET", "POST"])
def as_json():
    return jsonify(got=request.get_json(silent=True), args=request.args, host=request.host)


@app.route("/form", methods=["POST"])
def form():
    return jsonify(form=request.form, files={name: file.read().decode() for name, file in request.files.items()})


@app.route("/login/<name>")
def login(name):
    session["name"] = name
    return redirect(url_for("whoami"))


@app.route("/whoami")
def whoami():
    return session.get("name", "nobody")


@app.route("/stream")
def stream():
    def lines():
        for i in range(5):
            yield "line %d of %s\n" % (i, request.path)

    return Response(stream_with_context(lines()), mimetype="text/plain")


@app.route("/file")
def file():
    return send_file(__file__)


@app.route("/memory")
def memory():
    return send_file(io.BytesIO(b"in memory"), mimetype="application/octet-stream")


@app.route("/fail")
def fail():
    raise RuntimeError("a bug")


@app.route("/unicode/<text>")
def unicode(text):
    return text
