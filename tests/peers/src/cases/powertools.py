"""The work with Powertools for AWS Lambda (Python): answers tasks on the socket at standard input."""

import json
import os
import socket
import time

from aws_lambda_powertools import Tracer

tracer = Tracer()

ITEMS = [
    {
        "id": f"ORD-{12345 + number:05}",
        "number": number,
        "details": {
            "product": f"product {number % 7}",
            "quantity": 1 + number % 12,
            "express": number % 2 == 0,
        },
    }
    for number in range(150)
]


@tracer.capture_lambda_handler
def handler(items, context):
    for item in items:
        child(item)


@tracer.capture_method
def child(item):
    tracer.put_annotation("OrderId", item["id"])
    tracer.put_annotation("Number", item["number"])
    tracer.put_metadata("details", item["details"])


def invocations(items, count):
    # Each invocation is another trace's, as in Lambda: the SDK keeps what belongs to the trace before.
    header = os.environ["_X_AMZN_TRACE_ID"]
    for number in range(count):
        os.environ["_X_AMZN_TRACE_ID"] = header.replace("Root=1-5", f"Root=1-{5 + number % 2}")
        handler(items, None)
    os.environ["_X_AMZN_TRACE_ID"] = header


def main():
    stream = socket.socket(fileno=0).makefile("rw")
    for line in stream:
        task = json.loads(line)
        items = ITEMS[: task["children"]]
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        invocations(items, task["invocations"])
        answer = {
            "wall_ns": time.perf_counter_ns() - wall,
            "cpu_ns": time.process_time_ns() - cpu,
            "allocations": None,
        }
        stream.write(json.dumps(answer) + "\n")
        stream.flush()


main()
