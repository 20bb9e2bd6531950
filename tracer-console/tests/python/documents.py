"""Documents of every kind, for answers with every member."""

import json

from xray_model import minutes_ago, seconds

BEGIN = seconds(minutes_ago(5))


def trace_id(number):
    return f"1-{int(BEGIN):08x}-{number:024x}"


def segment(trace, number, name, start, end, **members):
    times = {"start_time": BEGIN + start, "end_time": BEGIN + end}
    return {"trace_id": trace_id(trace), "id": f"{number:016x}", "name": name, **times, **members}


def http(method, url, status, **request):
    return {"request": {"method": method, "url": url, **request}, "response": {"status": status}}


EXCEPTION = {"exceptions": [{"id": "00000000000000e1", "type": "KeyError", "message": "no such order"}]}

WEB = segment(
    1, 1, "shop", 0, 4.5,
    origin="AWS::EC2::Instance",
    http=http("POST", "https://shop.example/orders", 500, user_agent="curl/8", client_ip="203.0.113.7"),
    aws={"account_id": "123456789012", "ec2": {"instance_id": "i-0123456789abcdef0", "availability_zone": "eu-west-1a"}},
    user="alice", resource_arn="arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0",
    fault=True, cause=EXCEPTION,
    annotations={"OrderId": "ORD-1", "Items": 3, "Gift": False, "Ratio": 0.5},
    metadata={"default": {"order": {"id": "ORD-1"}}},
    subsegments=[
        {"id": "0000000000000011", "name": "DynamoDB", "namespace": "aws", "start_time": BEGIN + 0.1, "end_time": BEGIN + 0.2,
         "aws": {"operation": "PutItem", "table_name": "orders"}, "http": {"response": {"status": 200}}},
        {"id": "0000000000000012", "name": "pay.example", "namespace": "remote", "start_time": BEGIN + 0.3,
         "end_time": BEGIN + 4.4, "http": http("POST", "https://pay.example/charge", 503), "fault": True,
         "cause": EXCEPTION, "annotations": {"OrderId": "ORD-1"}},
        {"id": "0000000000000013", "name": "orders@db.example", "namespace": "remote", "start_time": BEGIN + 4.4,
         "end_time": BEGIN + 4.45, "sql": {"sanitized_query": "select 1", "database_type": "PostgreSQL"}},
    ],
)
THROTTLED = segment(2, 2, "shop", 10, 10.25, http=http("GET", "https://shop.example/orders/1", 429), error=True,
                    throttle=True, cause=EXCEPTION, user="bob")
LAMBDA = segment(3, 3, "fulfillment", 20, 20.5, origin="AWS::Lambda", http={"response": {"status": 200}},
                 resource_arn="arn:aws:lambda:eu-west-1:123456789012:function:fulfillment",
                 links=[{"trace_id": trace_id(1), "id": "0000000000000011", "attributes": {"ReferenceType": "parent"}}])
FUNCTION = segment(3, 4, "fulfillment", 20.1, 20.4, origin="AWS::Lambda::Function", parent_id="0000000000000003")
IN_PROGRESS = {**segment(4, 5, "worker", 30, 30), "in_progress": True}
del IN_PROGRESS["end_time"]
ORPHAN = segment(5, 6, "late", 40, 40.25, type="subsegment", parent_id="00000000000000ff")

ALL = [WEB, THROTTLED, LAMBDA, FUNCTION, IN_PROGRESS, ORPHAN]
TEXTS = [json.dumps(document) for document in ALL]
