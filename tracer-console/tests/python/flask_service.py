"""A Flask service that the X-Ray SDK traces, and that asks the daemon's address over TCP what to sample."""

import json
import time

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask

app = Flask("shop")
xray_recorder.configure(service="shop", plugins=())
XRayMiddleware(app, xray_recorder)


@app.get("/orders/<order_id>")
def order(order_id):
    xray_recorder.current_segment().put_annotation("OrderId", order_id)
    with xray_recorder.in_subsegment("load") as subsegment:
        subsegment.put_metadata("rows", [1, 2], "orders")
    return {"order_id": order_id, "trace": xray_recorder.current_segment().trace_id}


@app.get("/broken")
def broken():
    raise KeyError("no such order")


@app.get("/health")
def health():
    return {"ok": True}


sampler = xray_recorder.sampler
sampler.start()
deadline = time.monotonic() + 30
while not sampler._cache.rules:
    assert time.monotonic() < deadline, "no sampling rules came"
    time.sleep(0.01)

client = app.test_client()
traces = [client.get(f"/orders/ORD-{number}").json["trace"] for number in range(5)]
assert client.get("/broken").status_code == 500
for _ in range(20):
    assert client.get("/health").status_code == 200
# What the SDK reports on its own after ten seconds.
sampler._target_poller._do_work()
print(json.dumps({"traces": traces, "rules": [rule.name for rule in sampler._cache.rules]}))
