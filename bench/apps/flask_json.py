"""A route of Flask that answers with JSON."""

from flask import Flask, jsonify

application = Flask(__name__)


@application.route("/")
def index():
    return jsonify(message="Hello World", numbers=[1, 2, 3])
