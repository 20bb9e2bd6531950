"""A segment of the X-Ray SDK, with a subsegment and an annotation; prints its trace."""

from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="order-service", sampling=False, context_missing="LOG_ERROR")
segment = xray_recorder.begin_segment("order-service")
segment.put_annotation("OrderId", "ORD-1")
with xray_recorder.in_subsegment("charge"):
    pass
xray_recorder.end_segment()
print(segment.trace_id)
