"""A Lambda function that Powertools traces, invoked once as Lambda's runtime does it."""

from aws_lambda_powertools import Tracer

tracer = Tracer(service="order-service")


class PaymentDeclined(Exception):
    pass


@tracer.capture_method
def load_order(order_id):
    tracer.put_annotation("OrderId", order_id)
    tracer.put_annotation("Total", 42.5)
    tracer.put_annotation("Express", True)
    tracer.put_metadata("items", [{"sku": "A-1", "count": 2}], namespace="orders")
    return {"order_id": order_id}


@tracer.capture_method
def charge(order):
    raise PaymentDeclined(f"the card of {order['order_id']} is declined")


@tracer.capture_lambda_handler
def handler(event, context):
    charge(load_order(event["order_id"]))


try:
    handler({"order_id": "ORD-12345"}, None)
except PaymentDeclined:
    print("declined")
