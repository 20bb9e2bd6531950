//! Behaviours 137 to 140: what the subsegment of a request says.

use http::Method;
use tracer_runtime::testing;

use crate::clients::Client;
use crate::facts::Facts;
use crate::server::Server;

/// What one request is recorded as, and what the client made of it.
async fn recorded(client: &Client, method: Method, url: &str) -> (Facts, Result<(u16, Vec<u8>), String>) {
    let mut answer = None;
    let trace = testing::capture_async(async { answer = Some(client.send(method, url, &[]).await) }).await;
    let [subsegment] = trace.subsegments() else { panic!("{}: {trace}", client.name()) };
    assert!(!subsegment.is_in_progress() && subsegment.subsegments().is_empty(), "{trace}");
    (Facts::of_recorded(subsegment), answer.unwrap())
}

#[tokio::test]
async fn behaviour_137_a_request_is_named_after_its_host_and_has_url_status_and_length() {
    let server = Server::start().await;
    for client in Client::all() {
        let (facts, answer) = recorded(&client, Method::GET, &server.url("/orders/7")).await;
        let expected = Facts::get(&server.url("/orders/7")).answered(200, Some(5), &[]);
        assert_eq!(facts, expected, "{}", client.name());
        assert_eq!(answer.unwrap(), (200, b"hello".to_vec()));
    }
}

#[tokio::test]
async fn behaviour_137_the_query_and_the_password_are_left_out_and_the_server_gets_the_query() {
    let server = Server::start().await;
    for client in Client::all() {
        let url = server.url("/q?token=secret").replace("//", "//ada:secret@");
        let (facts, _) = recorded(&client, Method::GET, &url).await;
        assert_eq!(facts.url, server.url("/q"), "{}", client.name());
        assert_eq!(server.seen().last().unwrap().target, "/q?token=secret", "{}", client.name());
    }
}

#[tokio::test]
async fn behaviour_139_the_status_marks_the_subsegment() {
    let server = Server::start().await;
    for client in Client::all() {
        for (status, flags) in [
            (200, &[][..]),
            (201, &[]),
            (304, &[]),
            (400, &["error"]),
            (404, &["error"]),
            (429, &["error", "throttle"]),
            (500, &["fault"]),
            (503, &["fault"]),
        ] {
            let (facts, _) = recorded(&client, Method::GET, &server.url(&format!("/{status}"))).await;
            assert_eq!((facts.status, &facts.flags[..]), (Some(status), flags), "{}", client.name());
            assert!(facts.exceptions.is_empty(), "an answer is no exception: {facts:?}");
        }
    }
}

#[tokio::test]
async fn a_method_is_recorded_as_it_is_sent() {
    let server = Server::start().await;
    for client in Client::all() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let (facts, _) = recorded(&client, method.clone(), &server.url("/")).await;
            assert_eq!(facts.method, method.as_str(), "{}", client.name());
        }
    }
}

#[tokio::test]
async fn a_redirect_that_the_client_follows_is_part_of_the_request() {
    let server = Server::start().await;
    for client in Client::all() {
        let (facts, _) = recorded(&client, Method::GET, &server.url("/redir")).await;
        assert_eq!(facts.url, server.url("/redir"));
        assert_eq!(
            facts.status,
            Some(if client.follows_redirects() { 200 } else { 302 }),
            "{}",
            client.name()
        );
        assert!(facts.flags.is_empty());
    }
}

#[tokio::test]
async fn an_answer_without_a_body_ends_the_request_at_once() {
    let server = Server::start().await;
    for client in Client::all() {
        let (head, _) = recorded(&client, Method::HEAD, &server.url("/")).await;
        assert_eq!((head.status, head.content_length), (Some(200), Some(5)), "{}: the header", client.name());
        let (empty, _) = recorded(&client, Method::GET, &server.url("/empty")).await;
        assert_eq!((empty.status, empty.content_length), (Some(204), None), "{}", client.name());
    }
}

#[tokio::test]
async fn a_request_outside_of_a_trace_is_just_sent() {
    let server = Server::start().await;
    for client in Client::all() {
        assert_eq!(client.get(&server.url("/")).await.unwrap().0, 200);
    }
    assert!(server.seen().iter().all(|seen| seen.trace_headers.is_empty()), "{:?}", server.seen());
}
