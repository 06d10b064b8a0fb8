"""The service of ``mount_probe`` at a URL of a Flask application."""

from fastthrift.contrib.flask import Thrift
from flask import Flask

from support.mount_probe import OPTIONS, Handler, Mount

app = Flask(__name__)
thrift = Thrift(app)
thrift.mount("/below/flask/", Mount, Handler(), **OPTIONS)
