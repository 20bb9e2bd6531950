import boto3
from datetime import datetime, timedelta

def analyze_traces(service_name, hours=1):
    """Analyze recent traces for a service."""
    xray = boto3.client("xray")

    end_time = datetime.utcnow()
    start_time = end_time - timedelta(hours=hours)

    # Get trace summaries
    summaries = []
    paginator = xray.get_paginator("get_trace_summaries")
    for page in paginator.paginate(
        StartTime=start_time,
        EndTime=end_time,
        FilterExpression=f'service("{service_name}")',
        Sampling=False
    ):
        summaries.extend(page["TraceSummaries"])

    if not summaries:
        print("No traces found")
        return

    # Analyze response times
    response_times = [s["ResponseTime"] for s in summaries]
    error_count = sum(1 for s in summaries if s.get("HasFault") or s.get("HasError"))

    print(f"\nTrace Analysis for {service_name}")
    print(f"  Total traces: {len(summaries)}")
    print(f"  Error rate: {error_count / len(summaries) * 100:.1f}%")
    print(f"  Avg response time: {sum(response_times) / len(response_times):.3f}s")
    print(f"  P50 response time: {sorted(response_times)[len(response_times) // 2]:.3f}s")
    print(f"  P99 response time: {sorted(response_times)[int(len(response_times) * 0.99)]:.3f}s")
    print(f"  Max response time: {max(response_times):.3f}s")

analyze_traces("order-service", hours=24)
