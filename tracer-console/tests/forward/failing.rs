//! The far end fails, is slow, goes away and comes back: nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

use crate::documents::{id, segments};
use crate::far_end::{FarEnd, Said};
use crate::sends::{Home, counts, put, x_ray};
use crate::wait::until;
use crate::x_ray_end::{Mood, XRayEnd, x_ray_error};

#[test]
fn whatever_a_far_end_fails_with_everything_arrives_once_it_is_well() {
    for said in [
        Said::status(500),
        Said::status(503).with("retry-after", "0"),
        Said::status(301).with("location", "http://127.0.0.1:9/"),
        Said::status(404),
        Said::status(405),
        Said::status(407),
        Said::status(410),
        x_ray_error(429, "ThrottledException"),
        x_ray_error(400, "ThrottlingException"),
        x_ray_error(400, "ExpiredTokenException"),
        x_ray_error(403, "UnrecognizedClientException"),
        Said { body: b"<html>not X-Ray</html>".to_vec(), ..Said::status(200) },
    ] {
        let (home, end) = (Home::new(), XRayEnd::that_is(Mood::Fails(said.clone())));
        let forwarder = home.start(vec![x_ray(&end.url())]);
        let texts = segments(120);
        assert_eq!(put(forwarder.console().tcp_addr(), &texts), json!([]), "it is acknowledged all the same");
        end.is_called();
        assert_eq!(forwarder.counts().targets[0].waiting, 120, "{said:?}");
        end.becomes(Mood::Fine);
        end.has(&texts);
        let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
        assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), (120, 0), "{said:?}");
        assert!(counts.targets[0].retried > 0, "{said:?}");
        assert_eq!(end.taken().len(), 120, "each once: {said:?}");
    }
}

#[test]
fn a_far_end_that_goes_away_again_and_again_has_everything_in_the_end() {
    let (home, mut end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(600);
    for (round, some) in texts.chunks(100).enumerate() {
        if round % 2 == 0 {
            end.end.go_away();
        }
        put(forwarder.console().tcp_addr(), some);
        if round % 2 == 1 {
            end.end.come_back();
        }
    }
    end.has(&texts);
    counts(&forwarder, |counts| (counts.targets[0].sent, counts.targets[0].waiting) == (600, 0));
}

#[test]
fn what_waits_when_it_ends_is_sent_the_next_time() {
    let (home, end) = (Home::new(), XRayEnd::that_is(Mood::Fails(Said::status(500))));
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(80);
    put(forwarder.console().tcp_addr(), &texts);
    let counts_before = forwarder.stop(std::time::Duration::from_secs(1)).counts;
    assert_eq!((counts_before.targets[0].sent, counts_before.targets[0].waiting), (0, 80));
    end.becomes(Mood::Fine);
    let forwarder = home.start(vec![x_ray(&end.url())]);
    end.has(&texts);
    let after = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((after.received, after.targets[0].sent), (0, 80));
}

/// A far end whose answers are held back until the gate opens.
fn gated() -> (FarEnd, Arc<(Mutex<bool>, Condvar)>) {
    let gate = Arc::<(Mutex<bool>, Condvar)>::default();
    let held = Arc::clone(&gate);
    let end = FarEnd::answering(move |_| {
        let (is_open, changed) = &*held;
        drop(changed.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
        Said { body: b"{\"UnprocessedTraceSegments\":[]}".to_vec(), ..Said::status(200) }
    });
    (end, gate)
}

#[test]
fn while_a_far_end_is_slow_documents_are_acknowledged_and_wait() {
    let (home, (end, gate)) = (Home::new(), gated());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(1_000);
    assert_eq!(put(forwarder.console().tcp_addr(), &texts), json!([]));
    assert_eq!(forwarder.counts().targets[0].waiting, 1_000);
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.targets[0].sent, counts.targets[0].retried), (1_000, 0));
    assert_eq!(until("all calls", || Some(end.asked().len()).filter(|calls| *calls == 20)), 20);
}

#[test]
fn segments_that_are_not_processed_are_counted_and_those_that_may_be_later_are_sent_again() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(50);
    let codes =
        [(0, "InvalidSegment"), (7, "ThrottledException"), (8, "InternalFailure"), (9, "MissingEndTime")];
    let codes: BTreeMap<_, _> = codes.into_iter().map(|(at, code)| (id(&texts[at]), code)).collect();
    end.becomes(Mood::Unprocessed(codes));
    put(forwarder.console().tcp_addr(), &texts);
    let at_first = counts(&forwarder, |counts| counts.targets[0].waiting == 2);
    assert_eq!((at_first.targets[0].sent, at_first.targets[0].rejected), (46, 2));
    end.becomes(Mood::Fine);
    end.has(&[texts[7].clone(), texts[8].clone()]);
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), (48, 2));
}

#[test]
fn a_document_for_which_a_whole_call_is_refused_is_found_and_rejected_alone() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let texts = segments(100);
    end.becomes(Mood::Hates(texts[33].clone()));
    put(forwarder.console().tcp_addr(), &texts);
    let others: Vec<_> =
        texts.iter().enumerate().filter(|(at, _)| *at != 33).map(|(_, text)| text.clone()).collect();
    end.has(&others);
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), (99, 1));
}

#[test]
fn a_document_over_which_the_far_end_always_fails_keeps_no_other_from_it() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let mut texts = segments(50);
    end.becomes(Mood::BreaksOver(texts[33].clone()));
    put(forwarder.console().tcp_addr(), &texts);
    let poison = texts.remove(33);
    end.has(&texts);
    let before = counts(&forwarder, |counts| counts.targets[0].waiting == 1);
    assert_eq!((before.targets[0].sent, before.targets[0].rejected), (49, 0));
    // It may be taken one day.
    end.becomes(Mood::Fine);
    end.has(&[poison]);
}

#[test]
fn what_is_refused_for_good_is_counted_and_holds_nobody_up() {
    let (home, end) = (Home::new(), XRayEnd::that_is(Mood::Fails(Said::status(415))));
    let forwarder = home.start(vec![x_ray(&end.url())]);
    put(forwarder.console().tcp_addr(), &segments(60));
    counts(&forwarder, |counts| (counts.targets[0].rejected, counts.targets[0].waiting) == (60, 0));
    end.becomes(Mood::Fine);
    let later = segments(10);
    put(forwarder.console().tcp_addr(), &later);
    end.has(&later);
}
