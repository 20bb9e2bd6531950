//! Requests without an answer.

use std::time::Duration;

use tracer_runtime::http_client::TracerMiddleware;
use tracer_runtime::{Tracer, testing};

use crate::clients::{Client, hyper, reqwest, ureq};
use crate::facts::Facts;
use crate::server::{Server, refused};

#[tokio::test]
async fn behaviour_139_a_refused_connection_is_a_fault_with_a_remote_exception() {
    for client in Client::all() {
        let url = refused("/refused?token=secret").await;
        let trace = testing::capture_async(client.get(&url)).await;
        let request = trace.subsegment("127.0.0.1");
        let facts = Facts::of_recorded(request);
        assert_eq!((facts.status, &facts.flags[..]), (None, &["fault"][..]), "{}", client.name());
        assert_eq!(facts.url, url.split('?').next().unwrap());
        assert!(!facts.exceptions.is_empty() && facts.exceptions.iter().all(|is_remote| *is_remote));
        let said: Vec<String> =
            request.exceptions().iter().map(|exception| exception.message().to_owned()).collect();
        assert!(
            said.iter().any(|text| text.to_lowercase().contains("refused")),
            "{}: {said:?}",
            client.name()
        );
        assert!(!request.json().to_string().contains("secret"), "{}: {said:?}", client.name());
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_a_fault() {
    let server = Server::start().await;
    for client in Client::all() {
        let trace = testing::capture_async(client.get(&server.url("/hung-up"))).await;
        let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
        assert_eq!((facts.status, &facts.flags[..]), (None, &["fault"][..]), "{}", client.name());
    }
}

#[tokio::test]
async fn a_timeout_of_the_client_is_a_fault_before_the_answer_and_within_its_body() {
    let server = Server::start().await;
    let client = reqwest(TracerMiddleware::new());
    for (path, status) in [("/never", None), ("/stalled", Some(200))] {
        let trace = testing::capture_async(async {
            let sent = client.get(server.url(path)).timeout(Duration::from_millis(50)).send().await;
            match sent {
                Ok(response) => assert!(response.bytes().await.unwrap_err().is_timeout()),
                Err(error) => assert!(error.is_timeout(), "{error:?}"),
            }
        })
        .await;
        let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
        assert_eq!((facts.status, &facts.flags[..]), (status, &["fault"][..]), "{path}");
        assert!(!facts.is_cancelled && !facts.exceptions.is_empty(), "{facts:?}");
    }
}

#[tokio::test]
async fn a_timeout_of_ureq_is_a_fault() {
    let server = Server::start().await;
    let agent = ureq(TracerMiddleware::new());
    let url = server.url("/never");
    let trace = testing::capture_async(async {
        let call = move || {
            let request = agent.get(url).config().timeout_global(Some(Duration::from_millis(50))).build();
            request.call().unwrap_err()
        };
        tracer_runtime::spawn_blocking(call).await.unwrap()
    })
    .await;
    let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
    assert_eq!((facts.status, &facts.flags[..]), (None, &["fault"][..]));
}

#[tokio::test]
async fn a_request_whose_future_is_dropped_is_cancelled_and_no_fault() {
    let server = Server::start().await;
    for client in Client::all().into_iter().filter(Client::sees_the_body) {
        let trace = testing::capture_async(async {
            let url = server.url("/never");
            let before = server.seen().len();
            tokio::select! {
                _ = client.get(&url) => panic!("nobody answers"),
                () = arrives(&server, before + 1) => {}
            }
        })
        .await;
        let expected = Facts { is_cancelled: true, ..Facts::get(&server.url("/never")) };
        assert_eq!(Facts::of_recorded(trace.subsegment("127.0.0.1")), expected, "{}", client.name());
    }
}

/// Waits until the server has seen so many requests.
async fn arrives(server: &Server, requests: usize) {
    while server.seen().len() < requests {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn p9_without_captured_errors_there_is_the_fault_and_no_text() {
    for client in Client::all() {
        let url = refused("/").await;
        let settings = Tracer::builder().capture_error(false);
        let trace = testing::capture_async_with(settings, client.get(&url)).await;
        let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
        assert_eq!(facts.flags, ["fault"], "{}", client.name());
        assert!(facts.exceptions.is_empty(), "{}", client.name());
    }
}

#[tokio::test]
async fn a_function_that_returns_the_clients_error_refers_to_the_exception_of_the_request() {
    #[tracer_runtime::capture_method]
    async fn pay(
        client: &reqwest_middleware::ClientWithMiddleware,
        url: &str,
    ) -> Result<(), reqwest_middleware::Error> {
        client.get(url).send().await.map(drop)
    }
    let client = reqwest(TracerMiddleware::new());
    let url = refused("/?token=secret").await;
    let trace = testing::capture_async(async { pay(&client, &url).await }).await;
    let pay = trace.subsegment("pay");
    assert!(pay.is_fault());
    assert_eq!(pay.cause_id(), Some(trace.subsegment("127.0.0.1").exceptions()[0].id()));
}

#[tokio::test]
async fn boxed_and_printed_errors_of_a_stack_are_recorded_too() {
    use bytes::Bytes;
    use http_body_util::Full;
    use tower::{BoxError, ServiceBuilder, ServiceExt};
    use tracer_runtime::http_client::TracerLayer;

    let request = async || {
        let url = refused("/?token=secret").await;
        http::Request::get(url).body(Full::<Bytes>::default()).unwrap()
    };
    let layer = TracerLayer::new().printed_errors();
    let boxed = ServiceBuilder::new().layer(layer.clone()).map_err(BoxError::from).service(hyper());
    let printed = ServiceBuilder::new().layer(layer).map_err(|_| "busy".to_owned()).service(hyper());
    let boxed = testing::capture_async(boxed.oneshot(request().await)).await;
    let printed = testing::capture_async(printed.oneshot(request().await)).await;

    let [boxed, printed] = [&boxed, &printed].map(|trace| trace.subsegment("127.0.0.1").exceptions());
    assert!(boxed.last().unwrap().message().to_lowercase().contains("refused"), "{boxed:?}");
    let [printed] = &printed[..] else { panic!("{printed:?}") };
    assert_eq!((printed.type_name(), printed.message()), ("String", "busy"));
}

#[tokio::test]
async fn a_panic_inside_of_the_client_is_a_fault_and_goes_on() {
    use tower::{Layer, ServiceExt, service_fn};
    use tracer_runtime::InSubsegment;
    use tracer_runtime::http_client::TracerLayer;

    let client = TracerLayer::new().layer(service_fn(|_: http::Request<()>| async {
        tokio::task::yield_now().await;
        if true {
            panic!("in a test");
        }
        Ok::<http::Response<String>, std::io::Error>(http::Response::default())
    }));
    let trace = testing::capture_async(
        async {
            let request = http::Request::get("http://panics.example/").body(()).unwrap();
            let sent = client.oneshot(request).in_current_subsegment();
            assert!(tokio::spawn(sent).await.unwrap_err().is_panic());
        }
        .in_subsegment("around"),
    )
    .await;
    let request = trace.subsegment("panics.example");
    assert!(request.is_fault() && !request.is_cancelled(), "{trace}");
}
