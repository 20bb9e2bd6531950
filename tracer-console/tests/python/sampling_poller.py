"""The X-Ray SDK's own sampler against the console: its rules, its decisions, its reports, its quotas."""

import json

from aws_xray_sdk.core import xray_recorder

from xray_model import Checked

checked = Checked()
RULE = {
    "RuleName": "orders", "ResourceARN": "*", "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 4, "ServiceName": "*",
    "ServiceType": "*", "Host": "*", "HTTPMethod": "GET", "URLPath": "/orders/*", "Version": 1,
}
checked.xray.create_sampling_rule(SamplingRule=RULE)
xray_recorder.configure(service="shop", plugins=())
sampler = xray_recorder.sampler

# What its threads do every five minutes and every ten seconds.
sampler._rule_poller._refresh_cache()
rules = {rule.name: rule for rule in sampler._cache.rules}
sampler._started = True
request = {"method": "GET", "path": "/orders/1", "host": "shop.example"}
borrowed = [bool(sampler.should_trace(dict(request))) for _ in range(3)]
assert borrowed[0], "the first request of a second is borrowed from the reservoir"
sampler._target_poller._do_work()

summaries = checked.xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
orders = [summary for summary in summaries if summary["RuleName"] == "orders"]
# A changed rule is fetched again, also one that changed within the second in which the rules were fetched.
sampler._rule_poller._refresh_cache()
sampler._rule_poller._time_elapsed = 0
checked.xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "orders", "ReservoirSize": 6})
sampler.should_trace(dict(request))
sampler._target_poller._do_work()
print(json.dumps({
    "rules": list(rules),
    "quota": sampler._cache.rules[0].reservoir.quota,
    "requests": sum(summary["RequestCount"] for summary in orders),
    "borrowed": sum(summary["BorrowCount"] for summary in orders),
    "fetches_again": sampler._rule_poller._time_elapsed > 0,
}))
