//! What is too much: for X-Ray, and for the queue.

use serde_json::json;
use tracer_console::{ForwardOptions, ForwardTarget, Forwarder};

use crate::documents::segment;
use crate::otlp_end::OtlpEnd;
use crate::sends::{Home, counts, put, x_ray};
use crate::x_ray_end::XRayEnd;

/// A segment of so many bytes and some.
fn large(bytes: usize) -> String {
    let mut document = segment("large");
    document["metadata"] = json!({"default": {"text": "x".repeat(bytes)}});
    document.to_string()
}

#[test]
fn a_full_queue_drops_the_oldest_and_counts_them() {
    let (home, mut end) = (Home::new(), XRayEnd::new());
    end.end.go_away();
    let options = ForwardOptions { queue_bytes: 2 << 20, ..home.options(vec![x_ray(&end.url())]) };
    let forwarder = Forwarder::start(options).unwrap();
    let texts: Vec<_> = (0..200).map(|_| large(30_000)).collect();
    // Whoever sends is told the truth: it was taken. What had to be dropped for it is counted.
    assert_eq!(put(forwarder.console().tcp_addr(), &texts), json!([]));
    let full = forwarder.counts();
    let target = &full.targets[0];
    assert_eq!((full.received, target.dropped + target.waiting), (200, 200));
    assert!((40..70).contains(&target.waiting), "{full}");
    let size = std::fs::metadata(home.queue()).unwrap().len();
    assert!(size <= 3 << 20, "{size} bytes");
    let waiting = usize::try_from(target.waiting).unwrap();
    end.end.come_back();
    end.has(&texts[200 - waiting..]);
    let after = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    let target = &after.targets[0];
    assert_eq!(target.sent + target.dropped, 200, "{after}");
    assert_eq!(end.taken().len() as u64, target.sent);
}

#[test]
fn a_document_that_is_too_large_for_x_ray_is_refused_at_once() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarder = home.start(vec![x_ray(&end.url())]);
    let (too_large, fine) = (large(70_000), segment("fine").to_string());
    let refused = put(forwarder.console().tcp_addr(), &[too_large, fine.clone()]);
    assert_eq!(refused.as_array().unwrap().len(), 1, "{refused}");
    assert_eq!(refused[0]["ErrorCode"], "LimitExceeded");
    let message = refused[0]["Message"].as_str().unwrap();
    assert!(message.contains("X-Ray takes 65536") && message.contains("not forwarded"), "{message}");
    end.has(&[fine]);
    assert_eq!(forwarder.counts().received, 1);
}

#[test]
fn where_another_target_takes_it_only_x_ray_goes_without() {
    let (home, end, otlp) = (Home::new(), XRayEnd::new(), OtlpEnd::new());
    let targets = vec![x_ray(&end.url()), ForwardTarget::otlp(&otlp.end.url(), []).unwrap()];
    let forwarder = home.start(targets);
    let texts = [large(70_000), segment("fine").to_string()];
    put(forwarder.console().tcp_addr(), &texts);
    end.has(&texts[1..]);
    let counts = counts(&forwarder, |counts| counts.targets.iter().all(|target| target.waiting == 0));
    assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), (1, 1));
    assert_eq!((counts.targets[1].sent, counts.targets[1].rejected), (2, 0));
}
