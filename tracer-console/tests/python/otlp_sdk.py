"""A request through two services, told by OpenTelemetry's SDK: over http, grpc or udp, as the first argument says;
behind a hyphen how it is compressed, or that it is not sampled."""

import os
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags


def exporter(over, address):
    over, _, packing = over.partition("-")
    if over == "http":
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=f"http://{address}/v1/traces", compression=Compression(packing or "gzip"))
    if over == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=f"http://{address}", insecure=True, compression=getattr(Compression, (packing or "gzip").title()))
    from amazon.opentelemetry.distro.otlp_udp_exporter import OTLPUdpSpanExporter

    return OTLPUdpSpanExporter(endpoint=address, sampled=packing != "unsampled")


def tracer(service, exporter):
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": "1.2"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("shop", "0.1")


def main():
    spans = exporter(sys.argv[1], os.environ["OTLP_ADDRESS"])
    web, orders = tracer("web", spans), tracer("orders", spans)
    sender = SpanContext(0x5B8EFFF798038103D269B633813FC60C, 0xEEE19B7EC3C1B174, True, TraceFlags(1))
    asked = {
        "http.request.method": "POST", "url.scheme": "https", "server.address": "shop.example", "url.path": "/orders",
        "http.response.status_code": 502, "client.address": "192.0.2.7", "enduser.id": "alice", "order.id": "o-1",
        "aws.xray.annotations": ["order.id"],
    }
    with web.start_as_current_span("POST /orders", kind=SpanKind.SERVER, attributes=asked, links=[Link(sender, {"why": "retry"})]) as root:
        with web.start_as_current_span("checkout") as work:
            work.add_event("priced", {"total": 99.5})
            work.set_status(StatusCode.ERROR)
            called = {
                "http.request.method": "GET", "url.full": "http://orders.internal/o-1", "http.response.status_code": 500,
                "peer.service": "orders",
            }
            with web.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=called) as call:
                afar = trace.set_span_in_context(trace.NonRecordingSpan(call.get_span_context()))
                served = {"http.request.method": "GET", "http.response.status_code": 500}
                with orders.start_as_current_span("GET /{id}", kind=SpanKind.SERVER, context=afar, attributes=served):
                    query = {"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db.internal", "db.query.text": "SELECT ?"}
                    with orders.start_as_current_span("SELECT shop", kind=SpanKind.CLIENT, attributes=query, record_exception=False) as database:
                        try:
                            raise TimeoutError("the database sleeps")
                        except TimeoutError as error:
                            database.record_exception(error)
                            database.set_status(Status(StatusCode.ERROR, "slow"))
    print(f"{root.get_span_context().trace_id:032x}")


main()
