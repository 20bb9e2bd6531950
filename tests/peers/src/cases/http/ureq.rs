//! ureq with the middleware.

use anyhow::Result;
use tracer_runtime::http_client::TracerMiddleware;
use ureq::Agent;

use super::Requests;

pub(super) fn plain() -> Result<Requests> {
    requests(Agent::config_builder().proxy(None).build().into())
}

pub(super) fn traced() -> Result<Requests> {
    requests(Agent::config_builder().proxy(None).middleware(TracerMiddleware::new()).build().into())
}

fn requests(agent: Agent) -> Result<Requests> {
    let url: http::Uri = super::url()?.parse()?;
    Ok(Box::new(move |times| {
        for _ in 0..times {
            let response = agent.get(&url).call();
            let body = response.expect("the server answers").body_mut().read_to_vec();
            std::hint::black_box(body.expect("the server sends a body"));
        }
    }))
}
