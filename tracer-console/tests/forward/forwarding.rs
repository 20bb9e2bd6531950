//! Everything goes well.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracer_console::{
    Console, ConsoleOptions, ForwardError, ForwardOptions, ForwardTarget, Forwarder, MemoryStore, QueueError,
};

use crate::documents::{segment, segments};
use crate::sends::{Home, call, counts, put, send, x_ray};
use crate::wait::until;
use crate::x_ray_end::XRayEnd;

#[test]
fn a_forwarder_sends_no_spans_to_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (home, url) = (Home::new(), format!("http://{free}"));
    let mut options = home.options(vec![ForwardTarget::otlp(&url, []).unwrap()]);
    options.console.otlp.http = Some(free.to_string());
    assert!(matches!(Forwarder::start(options), Err(ForwardError::Itself { url: itself }) if itself == url));
}

#[test]
fn documents_arrive_byte_for_byte_in_batches_of_at_most_50() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let mut texts = segments(120);
    texts.push("{\"name\" : \"odd\",\n \"id\":\"cbafb490a105b1f4\", \"metadata\":{\"d\":{\"x\":NaN,\"é\":\"\\u00e9\"}},\
                \"trace_id\":\"1-6b02e002-9311b20839c1ed87c6cec943\",\"start_time\":1.50,\"end_time\":2}".to_owned());
    send(forwarder.console().local_addr(), &texts[..60]);
    assert_eq!(put(forwarder.console().tcp_addr(), &texts[60..]), json!([]));
    end.has(&texts);
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.received, counts.targets[0].sent, counts.targets[0].retried), (121, 121, 0));
    let mut taken = end.taken();
    taken.sort();
    texts.sort();
    assert_eq!(taken, texts);
    assert!(end.calls().iter().all(|call| *call <= 50) && end.calls().len() >= 3, "{:?}", end.calls());
}

#[test]
fn what_is_received_when_it_stops_is_sent_without_waiting_for_more() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(7);
    put(forwarder.console().tcp_addr(), &texts);
    let counts = forwarder.stop(Duration::from_secs(30)).counts;
    assert_eq!((counts.targets[0].sent, counts.targets[0].waiting), (7, 0));
    assert_eq!(end.taken(), texts);
}

#[test]
fn documents_and_questions_may_have_different_addresses() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let options = home.options(vec![x_ray(&end.url())]);
    let console = ConsoleOptions { listen_tcp: Some("localhost:0".into()), ..options.console };
    let forwarder = Forwarder::start(ForwardOptions { console, ..options }).unwrap();
    let (udp, tcp) = (forwarder.console().local_addr(), forwarder.console().tcp_addr());
    let texts = segments(2);
    send(udp, &texts[..1]);
    put(tcp, &texts[1..]);
    end.has(&texts);
}

#[test]
fn what_is_kept_here_too_is_found_here() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let store = Arc::new(MemoryStore::default());
    let options = home.options(vec![x_ray(&end.url())]);
    let console = ConsoleOptions { store, ..options.console };
    let forwarder = Forwarder::start(ForwardOptions { console, keep: true, ..options }).unwrap();
    let document = segment("order-service");
    put(forwarder.console().tcp_addr(), &[document.to_string()]);
    let asked = json!({ "TraceIds": [document["trace_id"]] });
    let answer = call(forwarder.console().tcp_addr(), "/Traces", &asked).unwrap();
    assert_eq!(answer["Traces"][0]["Segments"].as_array().unwrap().len(), 1, "{answer}");
    end.has(&[document.to_string()]);
}

#[test]
fn without_that_only_settings_are_answered() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let document = segment("order-service");
    put(forwarder.console().tcp_addr(), &[document.to_string()]);
    let tcp = forwarder.console().tcp_addr();
    let answer = call(tcp, "/Traces", &json!({ "TraceIds": [document["trace_id"]] })).unwrap();
    assert_eq!(answer["Traces"], json!([]));
    // The SDKs' samplers go on.
    let rules = call(tcp, "/GetSamplingRules", &json!({})).unwrap();
    assert_eq!(rules["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"], "Default");
}

#[test]
fn several_targets_each_have_everything() {
    let home = Home::new();
    let (mut first, second) = (XRayEnd::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&first.url()), x_ray(&second.url())]);
    first.end.go_away();
    let texts = segments(130);
    put(forwarder.console().tcp_addr(), &texts);
    // The one that is away holds nobody up.
    second.has(&texts);
    let at_first = counts(&forwarder, |counts| counts.targets[1].waiting == 0);
    assert_eq!((at_first.targets[0].sent, at_first.targets[0].waiting), (0, 130));
    first.end.come_back();
    first.has(&texts);
    counts(&forwarder, |counts| {
        counts.targets.iter().all(|target| (target.sent, target.waiting) == (130, 0))
    });
}

#[test]
fn what_can_not_start_says_why() {
    let home = Home::new();
    let refused = |options| Forwarder::start(options).unwrap_err();
    assert!(matches!(refused(home.options(Vec::new())), ForwardError::NoTarget));
    let twice = [(); 2].map(|()| x_ray("http://127.0.0.1:9")).into();
    assert!(refused(home.options(twice)).to_string().contains("http://127.0.0.1:9 is named twice"));
    let running = home.start(vec![x_ray("http://127.0.0.1:9")]);
    let error = refused(home.options(vec![x_ray("http://127.0.0.1:9")]));
    assert!(matches!(error, ForwardError::Queue(QueueError::InUse { .. })), "{error}");
    drop(running);
    // Somebody else may take the port meanwhile.
    let error = until("a port", || {
        let own = Console::start(ConsoleOptions::any_port()).unwrap().local_addr();
        let options = home.options(vec![x_ray(&format!("http://localhost:{}", own.port()))]);
        let console = ConsoleOptions { listen: own.to_string(), ..options.console };
        Some(refused(ForwardOptions { console, ..options }))
            .filter(|error| !matches!(error, ForwardError::Console(_)))
    });
    assert!(error.to_string().contains("itself listens"), "{error}");
}

/// However it is written: a slash more is no other far end.
#[test]
fn a_target_has_one_queue_by_whatever_address_it_is_named() {
    let (home, mut end) = (Home::new(), XRayEnd::new());
    let slash = format!("{}/", end.url());
    let error = Forwarder::start(home.options(vec![x_ray(&end.url()), x_ray(&slash)])).unwrap_err();
    assert!(matches!(&error, ForwardError::Twice { name } if *name == end.url()), "{error}");
    end.end.go_away();
    let forwarder = home.start(vec![x_ray(&slash)]);
    let texts = segments(3);
    put(forwarder.console().tcp_addr(), &texts);
    drop(forwarder);
    end.end.come_back();
    let forwarder = home.start(vec![x_ray(&end.url())]);
    assert!(forwarder.left_behind().is_empty(), "{:?}", forwarder.left_behind());
    end.has(&texts);
    counts(&forwarder, |counts| counts.targets[0].sent == 3);
    assert_eq!(end.taken().len(), 3);
}

#[test]
fn targets_of_an_earlier_time_are_named_and_new_ones_have_what_waits() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray("http://127.0.0.1:9")]);
    let texts = segments(3);
    put(forwarder.console().tcp_addr(), &texts);
    drop(forwarder);
    let forwarder = home.start(vec![x_ray(&end.url())]);
    assert_eq!(forwarder.left_behind(), [("http://127.0.0.1:9".to_owned(), 3)]);
    end.has(&texts);
    counts(&forwarder, |counts| (counts.received, counts.targets[0].sent) == (0, 3));
}
