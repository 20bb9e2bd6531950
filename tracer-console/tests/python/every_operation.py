"""Calls every operation of X-Ray's model, each answer checked against the model; prints how many calls it made."""

import uuid

from documents import BEGIN, TEXTS, WEB, trace_id
from xray_model import Checked, minutes_ago

checked = Checked()
xray = checked.xray
start, end = minutes_ago(10), minutes_ago(0)


def pages(operation, **arguments):
    return list(xray.get_paginator(operation).paginate(**arguments))


def put():
    answer = xray.put_trace_segments(TraceSegmentDocuments=[*TEXTS, "{", '{"trace_id": "1"}', '{"id": "x", "type": "subsegment"}'])
    codes = [entry["ErrorCode"] for entry in answer["UnprocessedTraceSegments"]]
    assert codes == ["ParseError", "InvalidTraceId", "MissingTraceId"], codes
    checked.fails("InvalidRequestException", "put_trace_segments", TraceSegmentDocuments=TEXTS[:1] * 51)
    errors = {"TimeoutCount": 1, "HTTPCode4XXCount": 0, "HTTPCode5XXCount": 2, "OtherCount": 0}
    record = {"Timestamp": start, "SegmentsReceivedCount": 6, "BackendConnectionErrors": errors}
    xray.put_telemetry_records(TelemetryRecords=[record], Hostname="laptop", EC2InstanceId="i-0", ResourceARN="*")


def summaries():
    found = [summary for page in pages("get_trace_summaries", StartTime=start, EndTime=end) for summary in page["TraceSummaries"]]
    assert [summary["Id"] for summary in found] == [trace_id(number) for number in (5, 4, 3, 2, 1)], found
    web = found[-1]
    assert web["Duration"] == web["ResponseTime"] == 4.5 and web["HasFault"] and not web["IsPartial"], web
    assert web["Http"] == {
        "HttpURL": "https://shop.example/orders", "HttpStatus": 500, "HttpMethod": "POST", "UserAgent": "curl/8",
        "ClientIp": "203.0.113.7",
    }
    values = {key: [value["AnnotationValue"] for value in values] for key, values in web["Annotations"].items()}
    assert values == {
        "OrderId": [{"StringValue": "ORD-1"}], "Items": [{"NumberValue": 3.0}], "Gift": [{"BooleanValue": False}],
        "Ratio": [{"NumberValue": 0.5}],
    }, values
    assert web["Users"][0]["UserName"] == "alice" and web["InstanceIds"] == [{"Id": "i-0123456789abcdef0"}]
    assert web["FaultRootCauses"] and web["ResponseTimeRootCauses"], web
    assert found[3]["ErrorRootCauses"] and found[3]["HasThrottle"], found[3]
    for kind in ("TraceId", "Event", "Service"):
        strategy = {"Name": "FixedRate", "Value": 1.0}
        answer = xray.get_trace_summaries(StartTime=start, EndTime=end, TimeRangeType=kind, SamplingStrategy=strategy,
                                          FilterExpression='service("shop") { fault }')
        assert [summary["Id"] for summary in answer["TraceSummaries"]] == [trace_id(1)], (kind, answer)
    message = checked.fails("InvalidRequestException", "get_trace_summaries", StartTime=start, EndTime=end,
                            FilterExpression='annotation.OrderId = "ORD-1" AND falut')
    assert "at character 34" in message and "fault" in message, message
    checked.fails("InvalidRequestException", "get_trace_summaries", StartTime=start, EndTime=start)


def whole_traces():
    ids = [trace_id(1), trace_id(3), trace_id(9)]
    answer = xray.batch_get_traces(TraceIds=ids)
    assert answer["UnprocessedTraceIds"] == ids[2:], answer
    assert [trace["Id"] for trace in pages("batch_get_traces", TraceIds=ids)[0]["Traces"]] == ids[:2]
    checked.fails("InvalidRequestException", "batch_get_traces", TraceIds=ids * 2)


def graphs():
    services = [service for page in pages("get_service_graph", StartTime=start, EndTime=end) for service in page["Services"]]
    known = {(service["Name"], service.get("Type")) for service in services}
    assert {("shop", "client"), ("orders", "AWS::DynamoDB::Table"), ("pay.example", "remote")} <= known, known
    assert any(edge.get("EdgeType") == "link" for service in services for edge in service["Edges"]), services
    assert pages("get_trace_graph", TraceIds=[trace_id(1), trace_id(3)])[0]["Services"]
    series = pages("get_time_series_service_statistics", StartTime=start, EndTime=end)[0]
    assert sum(entry["EdgeSummaryStatistics"]["TotalCount"] for entry in series["TimeSeriesServiceStatistics"]) > 3
    series = xray.get_time_series_service_statistics(
        StartTime=start, EndTime=end, EntitySelectorExpression='service("shop")', Period=300, GroupName="Default")
    assert sum(entry["ServiceSummaryStatistics"]["TotalCount"] for entry in series["TimeSeriesServiceStatistics"]) == 2
    checked.fails("InvalidRequestException", "get_time_series_service_statistics", StartTime=start, EndTime=end,
                  EntitySelectorExpression='annotation.OrderId = "ORD-1"')
    checked.fails("InvalidRequestException", "get_service_graph", StartTime=minutes_ago(361), EndTime=end)


def groups():
    tags = [{"Key": "team", "Value": "shop"}]
    group = xray.create_group(GroupName="faults", FilterExpression="fault", Tags=tags,
                              InsightsConfiguration={"InsightsEnabled": True, "NotificationsEnabled": True})["Group"]
    arn = group["GroupARN"]
    assert xray.get_group(GroupARN=arn)["Group"] == group
    updated = xray.update_group(GroupName="faults", FilterExpression="fault OR error")["Group"]
    assert updated["FilterExpression"] == "fault OR error" and updated["GroupARN"] == arn
    names = [group["GroupName"] for page in pages("get_groups") for group in page["Groups"]]
    assert names == ["Default", "faults"], names
    found = xray.get_trace_summaries(StartTime=start, EndTime=end, FilterExpression='group.name = "faults"')
    assert len(found["TraceSummaries"]) == 2, found
    assert xray.get_service_graph(StartTime=start, EndTime=end, GroupARN=arn)["Services"]
    checked.fails("InvalidRequestException", "create_group", GroupName="faults")
    checked.fails("InvalidRequestException", "create_group", GroupName="wrong", FilterExpression="falut")
    xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": ""}])
    assert len(pages("list_tags_for_resource", ResourceARN=arn)[0]["Tags"]) == 2
    xray.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": ""}]
    checked.fails("ResourceNotFoundException", "list_tags_for_resource", ResourceARN=arn + "x")
    many = [{"Key": str(number), "Value": ""} for number in range(60)]
    checked.fails("TooManyTagsException", "tag_resource", ResourceARN=arn, Tags=many)
    xray.delete_group(GroupName="faults")
    checked.fails("InvalidRequestException", "get_group", GroupName="faults")


RULE = {
    "ResourceARN": "*", "Priority": 100, "FixedRate": 0.1, "ReservoirSize": 10, "ServiceName": "*", "ServiceType": "*",
    "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
}


def sampling():
    boost = {"MaxRate": 0.5, "CooldownWindowMinutes": 5}
    rule = {**RULE, "RuleName": "orders", "Attributes": {"team": "shop"}, "SamplingRateBoost": boost}
    created = xray.create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]
    assert {**rule, "RuleARN": created["RuleARN"]} == created, created
    update = {"RuleARN": created["RuleARN"], "FixedRate": 0.2}
    assert xray.update_sampling_rule(SamplingRuleUpdate=update)["SamplingRuleRecord"]["SamplingRule"]["FixedRate"] == 0.2
    records = [record for page in pages("get_sampling_rules") for record in page["SamplingRuleRecords"]]
    assert [record["SamplingRule"]["RuleName"] for record in records] == ["orders", "Default"], records
    report = {"ClientID": "0123456789abcdef01234567", "Timestamp": end, "RequestCount": 20, "SampledCount": 9, "BorrowCount": 1}
    boosts = {"ServiceName": "shop", "Timestamp": end, "AnomalyCount": 2, "TotalCount": 20, "SampledAnomalyCount": 0}
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[{**report, "RuleName": name} for name in ("orders", "Default", "gone")],
        SamplingBoostStatisticsDocuments=[{**boosts, "RuleName": name} for name in ("orders", "gone")])
    targets = {target["RuleName"]: target for target in answer["SamplingTargetDocuments"]}
    assert targets["orders"]["ReservoirQuota"] == 10 and targets["orders"]["SamplingBoost"]["BoostRate"] == 0.5, targets
    assert targets["Default"]["ReservoirQuota"] == 1 and "SamplingBoost" not in targets["Default"], targets
    assert [entry["RuleName"] for entry in answer["UnprocessedStatistics"]] == ["gone"], answer
    assert [entry["RuleName"] for entry in answer["UnprocessedBoostStatistics"]] == ["gone"], answer
    found = [summary for page in pages("get_sampling_statistic_summaries") for summary in page["SamplingStatisticSummaries"]]
    assert {summary["RuleName"]: summary["SampledCount"] for summary in found} == {"orders": 9, "Default": 9}, found
    for number in range(24):
        xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": f"rule-{number}"})
    checked.fails("RuleLimitExceededException", "create_sampling_rule", SamplingRule={**RULE, "RuleName": "more"})
    for name in ["orders", *(f"rule-{number}" for number in range(24))]:
        xray.delete_sampling_rule(RuleName=name)
    checked.fails("InvalidRequestException", "update_sampling_rule", SamplingRuleUpdate={"RuleName": "orders"})
    checked.fails("InvalidRequestException", "delete_sampling_rule", RuleName="Default")


def insights():
    assert xray.get_insight_summaries(StartTime=start, EndTime=end, GroupName="Default")["InsightSummaries"] == []
    id = str(uuid.uuid4())
    checked.fails("InvalidRequestException", "get_insight", InsightId=id)
    checked.fails("InvalidRequestException", "get_insight_events", InsightId=id, MaxResults=5)
    checked.fails("InvalidRequestException", "get_insight_impact_graph", InsightId=id, StartTime=start, EndTime=end)


POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "%s", "Principal": "*", "Action": "xray:*", "Resource": "*"}]}'


def account():
    assert xray.get_encryption_config()["EncryptionConfig"] == {"Status": "ACTIVE", "Type": "NONE"}
    assert xray.put_encryption_config(Type="KMS", KeyId="alias/x")["EncryptionConfig"]["KeyId"] == "alias/x"
    assert xray.get_encryption_config()["EncryptionConfig"]["Type"] == "KMS"
    checked.fails("InvalidRequestException", "put_encryption_config", Type="KMS")
    put = lambda name="sns", effect="Allow", **more: dict(PolicyName=name, PolicyDocument=POLICY % effect, **more)
    policy = xray.put_resource_policy(**put(PolicyRevisionId="0"))["ResourcePolicy"]
    assert pages("list_resource_policies")[0]["ResourcePolicies"] == [policy]
    checked.fails("InvalidPolicyRevisionIdException", "put_resource_policy", **put(PolicyRevisionId="7"))
    checked.fails("LockoutPreventionException", "put_resource_policy", **put(effect="Deny"))
    checked.fails("MalformedPolicyDocumentException", "put_resource_policy", PolicyName="sns", PolicyDocument="no")
    checked.fails("PolicySizeLimitExceededException", "put_resource_policy", PolicyName="sns", PolicyDocument="x" * 9_999)
    for name in "abcd":
        xray.put_resource_policy(**put(name))
    checked.fails("PolicyCountLimitExceededException", "put_resource_policy", **put("e"))
    xray.delete_resource_policy(PolicyName="sns", PolicyRevisionId=policy["PolicyRevisionId"])
    checked.fails("InvalidPolicyRevisionIdException", "delete_resource_policy", PolicyName="a", PolicyRevisionId="9")
    rule = xray.get_indexing_rules()["IndexingRules"][0]
    assert rule["Rule"]["Probabilistic"]["ActualSamplingPercentage"] == 100.0, rule
    update = {"Probabilistic": {"DesiredSamplingPercentage": 25.0}}
    assert xray.update_indexing_rule(Name="Default", Rule=update)["IndexingRule"]["Name"] == "Default"
    checked.fails("ResourceNotFoundException", "update_indexing_rule", Name="other", Rule=update)
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"
    assert xray.update_trace_segment_destination(Destination="CloudWatchLogs")["Status"] == "ACTIVE"
    assert xray.get_trace_segment_destination()["Destination"] == "CloudWatchLogs"


def retrieval():
    ids = [trace_id(number) for number in range(1, 8)]
    token = xray.start_trace_retrieval(TraceIds=ids, StartTime=start, EndTime=end)["RetrievalToken"]
    listed = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="XRAY")
    assert [trace["Id"] for trace in listed["Traces"]] == ids[:5] and listed["RetrievalStatus"] == "COMPLETE", listed
    services = xray.get_retrieved_traces_graph(RetrievalToken=token)["Services"]
    links = [link for service in services for link in service["Links"]]
    assert {"ReferenceType": "parent", "SourceTraceId": trace_id(1), "DestinationTraceIds": [trace_id(3)]} in links, links
    xray.cancel_trace_retrieval(RetrievalToken=token)
    assert xray.list_retrieved_traces(RetrievalToken=token)["RetrievalStatus"] == "CANCELLED"
    for operation in ("cancel_trace_retrieval", "list_retrieved_traces", "get_retrieved_traces_graph"):
        checked.fails("ResourceNotFoundException", operation, RetrievalToken="none")


for part in (put, summaries, whole_traces, graphs, groups, sampling, insights, account, retrieval):
    part()
assert not checked.not_called(), checked.not_called()
print(len(checked.answers), "operations,", sum(map(len, checked.answers.values())), "answers")
