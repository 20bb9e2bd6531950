//! The documents that Powertools for Python and for TypeScript sent for the same requests, fact by fact.
//!
//! Skipped where the corpus is not beside the workspace.

use std::path::Path;

use http::Method;
use serde_json::Value;
use tracer_runtime::testing;

use crate::clients::Client;
use crate::facts::Facts;
use crate::server::{Server, refused};

/// A host that no resolver looks for: no label has so many letters.
const NO_SUCH_HOST: &str = "no-such-host-no-such-host-no-such-host-no-such-host-no-such-host.invalid";

/// A request that they made and we make.
struct Request {
    /// The document of theirs: where it is among the requests of the file.
    place: usize,
    method: Method,
    path: &'static str,
    to: To,
}

#[derive(Clone, Copy, PartialEq)]
enum To {
    Server,
    /// A port at which nobody listens.
    Nobody,
    NoSuchHost,
}

/// How what they recorded differs from what we do, and why.
struct Difference {
    reason: &'static str,
    /// Makes of theirs what ours is to be; says whether it applies.
    apply: fn(theirs: &mut Facts, ours: &Facts, client: &Client) -> bool,
}

fn change<T: PartialEq>(theirs: &mut T, ours: T) -> bool {
    let differs = *theirs != ours;
    *theirs = ours;
    differs
}

const OF_BOTH: &[Difference] = &[
    Difference {
        reason: "our exceptions say that the downstream raised them, and their sources are exceptions too",
        apply: |theirs, ours, _| {
            // With or without sources, there is one where there was one.
            theirs.exceptions.len() == 1
                && !ours.exceptions.is_empty()
                && change(&mut theirs.exceptions, vec![true; ours.exceptions.len()])
        },
    },
    Difference {
        reason: "the host that nobody knows has another name here, one that needs no name server",
        apply: |theirs, _, _| {
            let (name, url) =
                ("no-such-host.invalid", theirs.url.replace("no-such-host.invalid", NO_SUCH_HOST));
            theirs.name == name
                && change(&mut theirs.name, NO_SUCH_HOST.into())
                && change(&mut theirs.url, url)
        },
    },
];

const OF_PYTHON: &[Difference] = &[
    Difference {
        reason: "the method is recorded as it is sent, not in lower case",
        apply: |theirs, _, _| {
            let method = theirs.method.to_uppercase();
            change(&mut theirs.method, method)
        },
    },
    Difference {
        reason: "the length of the body is recorded; the patch of requests leaves it out",
        apply: |theirs, _, _| theirs.status.is_some() && change(&mut theirs.content_length, Some(5)),
    },
    Difference {
        reason: "a layer around hyper's client sees the redirect, which whatever is around the layer follows",
        apply: |theirs, _, client| {
            theirs.url.ends_with("/redir")
                && !client.follows_redirects()
                && change(&mut theirs.status, Some(302))
                && change(&mut theirs.content_length, Some(0))
        },
    },
];

const OF_TYPESCRIPT: &[Difference] = &[
    Difference {
        reason: "the port is part of the URL; the patch of http leaves it out",
        apply: |theirs, ours, _| {
            let server = ours.url.split('/').nth(2).unwrap();
            let url = theirs.url.replace("//127.0.0.1/", &format!("//{server}/"));
            change(&mut theirs.url, url)
        },
    },
    Difference {
        reason: "the path of a request that failed is part of the URL; the patch of http forgets it",
        apply: |theirs, ours, _| theirs.status.is_none() && change(&mut theirs.url, ours.url.clone()),
    },
    Difference {
        reason: "behind a status that ureq makes an error of there are no headers, so no length",
        apply: without_length,
    },
];

/// The same holds of Python's, whose length is ours to begin with.
fn without_length(theirs: &mut Facts, ours: &Facts, client: &Client) -> bool {
    matches!(client, Client::Ureq(_))
        && !ours.flags.is_empty()
        && ours.status.is_some()
        && change(&mut theirs.content_length, None)
}

fn request(place: usize, path: &'static str) -> Request {
    Request { place, method: Method::GET, path, to: To::Server }
}

#[tokio::test]
async fn requests_are_recorded_as_powertools_for_python_does() {
    let mut requests: Vec<Request> = ["/", "/q?token=secret", "/404", "/429", "/500", "/redir", "/slow"]
        .into_iter()
        .enumerate()
        .map(|(place, path)| request(place, path))
        .collect();
    requests.push(Request { method: Method::POST, ..request(7, "/post") });
    requests.push(Request { to: To::Nobody, ..request(8, "/refused") });
    requests.push(Request { to: To::NoSuchHost, ..request(9, "/") });
    let of_ureq = [Difference {
        reason: "behind a status that ureq makes an error of there are no headers, so no length",
        apply: without_length,
    }];
    compare("python", &requests, &[OF_BOTH, OF_PYTHON, &of_ureq]).await;
}

#[tokio::test]
async fn requests_are_recorded_as_powertools_for_typescript_does() {
    // Each path by http, then by fetch with `/fetch` before it, which their server and ours answer with 200.
    let paths = [
        "/",
        "/fetch/",
        "/q?token=secret",
        "/fetch/q?token=secret",
        "/404",
        "/fetch/404",
        "/429",
        "/fetch/429",
        "/500",
        "/fetch/500",
    ];
    let mut requests: Vec<Request> =
        paths.into_iter().enumerate().map(|(place, path)| request(place, path)).collect();
    requests.push(Request { to: To::Nobody, ..request(10, "/refused") });
    compare("typescript", &requests, &[&OF_BOTH[..1], OF_TYPESCRIPT]).await;
}

async fn compare(emitter: &str, requests: &[Request], differences: &[&[Difference]]) {
    let Some(documents) = documents(emitter) else { return };
    let theirs: Vec<Facts> =
        documents.iter().map(Facts::of).filter(|facts| facts.namespace == "remote").collect();
    assert_eq!(theirs.len(), requests.len(), "each of their requests is compared");
    let differences: Vec<&Difference> = differences.iter().copied().flatten().collect();
    let mut applied = vec![false; differences.len()];
    let server = Server::start().await;
    for client in Client::all() {
        for request in requests {
            let url = match request.to {
                To::Server => server.url(request.path),
                To::Nobody => refused(request.path).await,
                To::NoSuchHost => format!("http://{NO_SUCH_HOST}{}", request.path),
            };
            let ours = recorded(&client, request, &url).await;
            let mut theirs = theirs[request.place].clone();
            // Their server had another port.
            theirs.url = with_port_of(&theirs.url, &ours.url);
            for (difference, applied) in differences.iter().zip(&mut applied) {
                *applied |= (difference.apply)(&mut theirs, &ours, &client);
            }
            assert_eq!(ours, theirs, "{} {} by {}", request.method, request.path, client.name());
        }
    }
    for (difference, applied) in differences.iter().zip(applied) {
        assert!(applied, "no longer so: {}", difference.reason);
    }
}

async fn recorded(client: &Client, request: &Request, url: &str) -> Facts {
    let trace = testing::capture_async(client.send(request.method.clone(), url, &[])).await;
    let [subsegment] = trace.subsegments() else { panic!("{trace}") };
    Facts::of_recorded(subsegment)
}

fn with_port_of(theirs: &str, ours: &str) -> String {
    let authority = |url: &str| url.split('/').nth(2).unwrap().to_owned();
    if authority(theirs).contains(':') {
        theirs.replace(&authority(theirs), &authority(ours))
    } else {
        theirs.to_owned()
    }
}

fn documents(emitter: &str) -> Option<Vec<Value>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let file = corpus.join(emitter).join("http_clients.jsonl");
    let Ok(lines) = std::fs::read_to_string(&file) else {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return None;
    };
    let document = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        serde_json::from_str(line["raw"].as_str().unwrap().split_once('\n').unwrap().1).unwrap()
    };
    Some(lines.lines().map(document).collect())
}
