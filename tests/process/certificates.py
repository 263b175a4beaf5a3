"""Certificates for tests, made by openssl."""

import subprocess


class Pair:
    """Files of a certificate and its key."""

    def __init__(self, folder, name):
        self.certificate, self.key = folder / (name + ".crt"), folder / (name + ".key")

    @property
    def option(self):
        return "%s,%s" % (self.certificate, self.key)


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_key(pair):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pair.key)


def make_authority(folder, name="authority"):
    pair = Pair(folder, name)
    make_key(pair)
    openssl("req", "-x509", "-new", "-key", pair.key, "-days", "2", "-subj", "/CN=" + name, "-out", pair.certificate)
    return pair


def make_certificate(folder, authority, name="localhost", file=None):
    pair = Pair(folder, file or name)
    make_key(pair)
    request, extensions = folder / "request", folder / "extensions"
    extensions.write_text("subjectAltName=DNS:%s,IP:127.0.0.1\n" % name)
    openssl("req", "-new", "-key", pair.key, "-subj", "/O=Tests/CN=" + name, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", pair.certificate)
    return pair
