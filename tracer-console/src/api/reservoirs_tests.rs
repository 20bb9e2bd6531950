use serde_json::json;

use super::*;

fn rule(reservoir_size: i64) -> SamplingRule {
    let mut rule = super::super::testing::sampling_rule("orders");
    rule["RuleARN"] = json!("arn");
    rule["ReservoirSize"] = json!(reservoir_size);
    rule["SamplingRateBoost"] = json!({"MaxRate": 0.5, "CooldownWindowMinutes": 10});
    serde_json::from_value(rule).unwrap()
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_micros(1_795_348_800_000_000 + second * 1_000_000)
}

fn quota(reservoirs: &mut Reservoirs, size: i64, client: &str, at: i64) -> u64 {
    let quota = reservoirs.report(&rule(size), client, Counts::default(), second(at));
    assert_eq!(quota.until, second(at) + LIFETIME);
    quota.requests_a_second
}

#[test]
fn one_client_has_the_whole_reservoir_and_several_share_it() {
    let mut reservoirs = Reservoirs::default();
    assert_eq!(quota(&mut reservoirs, 10, "a", 0), 10);
    assert_eq!(quota(&mut reservoirs, 10, "b", 1), 5);
    assert_eq!(quota(&mut reservoirs, 10, "c", 2), 3);
    let shares: Vec<_> =
        ["a", "b", "c"].iter().map(|client| quota(&mut reservoirs, 10, client, 10)).collect();
    assert_eq!(shares, [4, 3, 3], "together the whole reservoir");
}

#[test]
fn who_is_silent_gives_its_part_back() {
    let mut reservoirs = Reservoirs::default();
    quota(&mut reservoirs, 1, "a", 0);
    assert_eq!(quota(&mut reservoirs, 1, "b", 10), 0);
    assert_eq!(quota(&mut reservoirs, 1, "b", 29), 0);
    assert_eq!(quota(&mut reservoirs, 1, "b", 30), 1);
}

#[test]
fn a_changed_rule_counts_at_once_and_a_deleted_one_is_forgotten() {
    let mut reservoirs = Reservoirs::default();
    assert_eq!(quota(&mut reservoirs, 3, "a", 0), 3);
    assert_eq!(quota(&mut reservoirs, 8, "a", 10), 8);
    reservoirs.keep(&[]);
    assert!(reservoirs.statistics().is_empty());
}

#[test]
fn countless_clients_take_bounded_room() {
    let mut reservoirs = Reservoirs::default();
    for client in 0..MOST_CLIENTS + 50 {
        quota(&mut reservoirs, 1, &client.to_string(), 0);
    }
    assert_eq!(reservoirs.rules["orders"].clients.len(), MOST_CLIENTS);
}

#[test]
fn statistics_are_summed_up_in_windows_of_ten_seconds() {
    let mut reservoirs = Reservoirs::default();
    let counts = Counts { requests: 7, sampled: 2, borrowed: 3 };
    for (client, at) in [("a", 1), ("b", 9), ("a", 11)] {
        reservoirs.report(&rule(1), client, counts, second(at));
    }
    let twice = Counts { requests: 14, sampled: 4, borrowed: 6 };
    assert_eq!(reservoirs.statistics(), [("orders", second(0), twice), ("orders", second(10), counts)]);
    for at in 0..2 * i64::try_from(MOST_WINDOWS).unwrap() {
        reservoirs.report(&rule(1), "a", counts, second(at * WINDOW));
    }
    assert_eq!(reservoirs.statistics().len(), MOST_WINDOWS);
}

#[test]
fn a_clock_that_goes_back_leaves_no_clients_boosts_or_windows_of_the_future_in_the_way() {
    let mut reservoirs = Reservoirs::default();
    let counts = Counts { requests: 7, sampled: 2, borrowed: 3 };
    reservoirs.report(&rule(10), "gone", counts, second(7_200));
    assert!(reservoirs.boost(&rule(1), "web", 1, second(7_200)).is_some());
    assert_eq!(quota(&mut reservoirs, 10, "a", 0), 10);
    assert_eq!(reservoirs.boost(&rule(1), "web", 1, second(0)), Some((0.5, second(60))));
    reservoirs.report(&rule(10), "a", counts, second(3));
    assert_eq!(reservoirs.statistics(), [("orders", second(0), counts), ("orders", second(7_200), counts)]);
}

#[test]
fn counts_never_exceed_what_the_models_integers_hold() {
    let mut reservoirs = Reservoirs::default();
    let counts = Counts { requests: u32::MAX, sampled: 1, borrowed: 0 };
    for _ in 0..3 {
        reservoirs.report(&rule(1), "a", counts, second(0));
    }
    assert_eq!(reservoirs.statistics()[0].2, Counts { requests: MOST_COUNTED, sampled: 3, borrowed: 0 });
}

#[test]
fn anomalies_boost_for_a_minute_and_not_again_before_the_cooldown_is_over() {
    let mut reservoirs = Reservoirs::default();
    let mut boost = |service, anomalies, at| reservoirs.boost(&rule(1), service, anomalies, second(at));
    assert_eq!(boost("web", 0, 0), None);
    assert_eq!(boost("web", 2, 1), Some((0.5, second(61))));
    assert_eq!(boost("web", 0, 11), Some((0.5, second(61))));
    assert_eq!(boost("web", 5, 61), None);
    assert_eq!(boost("pay", 5, 61), Some((0.5, second(121))));
    assert_eq!(boost("web", 5, 600), None);
    assert_eq!(boost("web", 5, 601), Some((0.5, second(661))));
    let mut plain = rule(1);
    plain.sampling_rate_boost = None;
    assert_eq!(reservoirs.boost(&plain, "web", 5, second(9_999)), None);
}
