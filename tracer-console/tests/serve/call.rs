//! X-Ray's API over plain HTTP.

use std::net::SocketAddr;

use serde_json::Value;

/// What an operation answers; an error says what went wrong on the way, or the status and what was answered with it.
pub(crate) fn call(address: SocketAddr, path: &str, request: &Value) -> Result<Value, String> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let post = agent.post(format!("http://{address}{path}")).header("content-type", "application/json");
    let mut response = post.send(request.to_string()).map_err(|error| error.to_string())?;
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("{} {text}", response.status()));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
