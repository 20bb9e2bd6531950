"""boto3's client of X-Ray, with every answer checked against the service's model before it is parsed."""

import datetime
import json
import math

import boto3
from botocore.config import Config

ONCE = Config(retries={"total_max_attempts": 1})


class Checked:
    """A client whose answers must be exactly as the model says; knows which operations were called, and what they answered."""

    def __init__(self, **arguments):
        self.xray = boto3.client("xray", config=ONCE, **arguments)
        self.answers = {}
        self.xray.meta.events.register("before-parse.xray", self._check)

    def _check(self, operation_model, response_dict, **_):
        name, status = operation_model.name, response_dict["status_code"]
        headers, body = response_dict["headers"], json.loads(response_dict["body"])
        assert headers["content-type"] == "application/json", headers
        assert len(headers["x-amzn-requestid"]) == 36, headers
        if status == 200:
            assert "x-amzn-errortype" not in headers, headers
            check(operation_model.output_shape, body, name)
        else:
            error = headers["x-amzn-errortype"]
            shapes = {shape.name: shape for shape in operation_model.error_shapes}
            assert error in shapes, f"{name}: {error} is not among {sorted(shapes)}"
            assert status == shapes[error].metadata.get("error", {}).get("httpStatusCode", 400), f"{name}: {status}"
            assert body.pop("__type") == error and body.pop("message") == body["Message"], body
            check(shapes[error], body, f"{name}: {error}")
        self.answers.setdefault(name, []).append((status, body))

    def fails(self, error, operation, **arguments):
        """Calls an operation that must fail, and returns the message."""
        exceptions = self.xray.exceptions
        try:
            getattr(self.xray, operation)(**arguments)
        except getattr(exceptions, error) as raised:
            return raised.response["Error"]["Message"]
        raise AssertionError(f"{operation} {arguments} is no {error}")

    def not_called(self):
        """The operations of the model that nobody called."""
        return sorted(set(self.xray.meta.service_model.operation_names) - set(self.answers))


NUMBERS = {"double", "float"}
# With their bits: typed SDKs read no answer that has more.
INTEGERS = {"integer": 32, "long": 64}


def check(shape, value, path):
    """Fails with the path of what is not as a shape of the model says."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), f"{path}: {value!r} is no structure"
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path}: the model does not know {unknown}"
        missing = set(shape.required_members) - set(value)
        assert not missing, f"{path}: {missing} is required"
        for member, inner in value.items():
            check(shape.members[member], inner, f"{path}.{member}")
    elif kind == "list":
        assert isinstance(value, list), f"{path}: {value!r} is no list"
        for at, inner in enumerate(value):
            check(shape.member, inner, f"{path}[{at}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{path}: {value!r} is no map"
        for key, inner in value.items():
            check(shape.key, key, f"{path} key {key!r}")
            check(shape.value, inner, f"{path}[{key!r}]")
    elif kind == "string":
        assert isinstance(value, str), f"{path}: {value!r} is no string"
        assert not shape.enum or value in shape.enum, f"{path}: {value!r} is none of {shape.enum}"
    elif kind in INTEGERS:
        assert isinstance(value, int) and not isinstance(value, bool), f"{path}: {value!r} is no {kind}"
        assert -(1 << INTEGERS[kind] - 1) <= value < 1 << INTEGERS[kind] - 1, f"{path}: {value!r} is too large for a {kind}"
    elif kind in NUMBERS or kind == "timestamp":
        assert isinstance(value, (int, float)) and not isinstance(value, bool), f"{path}: {value!r} is no {kind}"
        assert math.isfinite(value), f"{path}: {value!r} is no number"
    elif kind == "boolean":
        assert isinstance(value, bool), f"{path}: {value!r} is no boolean"
    else:
        raise AssertionError(f"{path}: a {kind} that this check does not know")


def seconds(moment):
    """A time as documents write it."""
    return moment.timestamp()


def minutes_ago(minutes):
    """A whole second of the past: boto3 sends no fractions."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return now - datetime.timedelta(minutes=minutes)
