//! Behaviour 141: the header that the server sees.

use http::Method;
use tracer_runtime::{MemorySink, Tracer, capture_lambda_handler, testing};
use tracer_tests::{SAMPLED, UNSAMPLED};

use crate::clients::Client;
use crate::server::Server;

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
async fn handler(header: &str, tracer: &Tracer, client: &Client, url: &str, headers: &[(&str, &str)]) -> u16 {
    client.send(Method::GET, url, headers).await.unwrap().0
}

/// What the server saw of a request made in a trace that came with `header`, and the documents of that trace.
async fn sent(client: &Client, header: &str, headers: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
    let server = Server::start().await;
    let sink = MemorySink::default();
    let tracer = Tracer::builder().enabled(true).sink(sink.clone()).build();
    assert_eq!(handler(header, &tracer, client, &server.url("/"), headers).await, 200);
    (server.trace_header(), sink.documents())
}

/// The id of the only request's subsegment.
fn id_of_request(documents: &[String]) -> String {
    let [document] = documents else { panic!("{documents:?}") };
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let request = &document["subsegments"][0];
    assert_eq!(request["namespace"], "remote", "{document}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn behaviour_141_the_header_names_the_requests_subsegment_as_parent() {
    for client in Client::all() {
        let (header, documents) = sent(&client, SAMPLED, &[]).await;
        let id = id_of_request(&documents);
        let expected = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={id};Sampled=1");
        assert_eq!(header, Some(expected), "{}", client.name());
    }
}

#[tokio::test]
async fn behaviour_141_unknown_keys_of_the_header_are_passed_on() {
    for client in Client::all() {
        let (header, _) = sent(&client, &format!("{SAMPLED};Lineage=a87bd80c:1|68fd508a:5;X=y"), &[]).await;
        assert!(
            header.unwrap().ends_with(";Sampled=1;Lineage=a87bd80c:1|68fd508a:5;X=y"),
            "{}",
            client.name()
        );
    }
}

#[tokio::test]
async fn behaviour_141_a_trace_that_is_not_sampled_is_passed_on_and_nothing_is_recorded() {
    for client in Client::all() {
        let (header, documents) = sent(&client, UNSAMPLED, &[]).await;
        assert_eq!(header.as_deref(), Some(UNSAMPLED), "{}", client.name());
        assert!(documents.is_empty());
    }
}

#[tokio::test]
async fn a_header_without_a_decision_is_passed_on_as_it_came() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1";
    for client in Client::all() {
        assert_eq!(sent(&client, root, &[]).await.0.as_deref(), Some(root), "{}", client.name());
    }
}

#[tokio::test]
async fn a_trace_header_of_the_users_own_is_replaced() {
    let own = [("X-Amzn-Trace-Id", "Root=1-00000001-000000000000000000000001"), ("x-other", "kept")];
    for client in Client::all() {
        let (header, documents) = sent(&client, SAMPLED, &own).await;
        assert!(header.unwrap().contains(&id_of_request(&documents)), "{}", client.name());
        let (header, _) = sent(&client, UNSAMPLED, &own).await;
        assert_eq!(header.as_deref(), Some(UNSAMPLED), "{}", client.name());
    }
}

#[tokio::test]
async fn outside_of_a_trace_a_header_of_the_users_own_goes_out() {
    for client in Client::all() {
        let server = Server::start().await;
        client.send(Method::GET, &server.url("/"), &[("x-amzn-trace-id", "Root=mine")]).await.unwrap();
        assert_eq!(server.trace_header().as_deref(), Some("Root=mine"), "{}", client.name());
    }
}

#[tokio::test]
async fn each_request_of_a_followed_redirect_carries_the_header() {
    for client in Client::all().into_iter().filter(Client::follows_redirects) {
        let server = Server::start().await;
        let trace = testing::capture_async(client.get(&server.url("/redir"))).await;
        let id = trace.subsegment("127.0.0.1").json()["id"].as_str().unwrap().to_owned();
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        for request in seen {
            assert!(request.trace_headers[0].contains(&format!("Parent={id}")), "{}", client.name());
        }
    }
}

#[tokio::test]
async fn a_sink_that_sends_by_a_traced_client_adds_nothing() {
    use tracer_runtime::{NotSent, Sink};

    #[derive(Debug)]
    struct Sending {
        agent: ureq::Agent,
        url: String,
    }
    impl Sink for Sending {
        fn send(&self, _: &[u8]) -> Result<(), NotSent> {
            self.agent.get(&self.url).call().unwrap();
            Ok(())
        }
    }

    let [.., Client::Ureq(agent)] = Client::all() else { unreachable!() };
    let server = Server::start().await;
    let sink = Sending { agent, url: server.url("/") };
    let work = move || {
        let tracer = Tracer::builder().enabled(true).sink(sink).build();
        traced(SAMPLED, &tracer);
    };
    tokio::task::spawn_blocking(work).await.unwrap();
    assert_eq!(server.trace_header(), None);

    #[capture_lambda_handler(context = header, tracer = tracer)]
    fn traced(header: &str, tracer: &Tracer) {}
}
