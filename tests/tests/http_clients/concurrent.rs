//! P2: many requests at once, each under what made it.

use std::collections::HashMap;

use futures_util::future::join_all;
use tracer_runtime::{InSubsegment, testing};

use crate::clients::Client;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behaviour_129_a_hundred_requests_at_once_are_each_below_their_own_parent() {
    let server = Server::start().await;
    for client in Client::all() {
        let before = server.seen().len();
        let one = |number: usize| {
            let (client, url) = (client.clone(), server.url(&format!("/orders/{number}")));
            async move { client.get(&url).await.unwrap() }.in_subsegment(format!("order {number}"))
        };
        let trace = testing::capture_async(join_all((0..100).map(one)).in_subsegment("all")).await;

        let seen = server.seen();
        let headers: HashMap<&str, &str> = seen[before..]
            .iter()
            .map(|request| (request.target.as_str(), request.trace_headers[0].as_str()))
            .collect();
        assert_eq!(headers.len(), 100);
        for number in 0..100 {
            let parent = trace.subsegment(&format!("order {number}"));
            let [request] = parent.subsegments() else { panic!("{}: {parent}", client.name()) };
            let path = format!("/orders/{number}");
            assert_eq!(request.json()["http"]["request"]["url"], server.url(&path), "{}", client.name());
            let id = request.json()["id"].as_str().unwrap();
            assert!(headers[path.as_str()].contains(&format!(";Parent={id};")), "{}", client.name());
        }
    }
}
