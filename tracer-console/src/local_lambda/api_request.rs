//! A request to API Gateway, and the event that API Gateway makes of it.

use serde_json::{Map, Value, json};

use super::invocation::{Invocation, new_request_id};
use super::tracing::Tracing;
use crate::timestamp::Timestamp;

/// A request that reaches the function through API Gateway: a REST API (payload 1.0, with a segment in the trace)
/// unless [`ApiRequest::http_api`] makes it an HTTP API (payload 2.0; those have no X-Ray).
///
/// ```
/// use tracer_console::ApiRequest;
///
/// let request = ApiRequest::post("/orders/ORD-1?dry=1")
///     .header("Content-Type", "application/json")
///     .json(&serde_json::json!({"discount": 10}));
/// let event = request.event("request-id", None);
/// assert_eq!(event["httpMethod"], "POST");
/// assert_eq!(event["queryStringParameters"]["dry"], "1");
/// assert_eq!(event["body"], r#"{"discount":10}"#);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ApiRequest {
    pub(super) method: String,
    pub(super) path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    resource: Option<String>,
    path_parameters: Vec<(String, String)>,
    pub(super) api: Api,
}

/// The API that the request is for.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) name: String,
    pub(super) stage: String,
    pub(super) id: String,
    pub(super) is_rest: bool,
}

impl Default for Api {
    fn default() -> Self {
        Self { name: "local-api".into(), stage: "prod".into(), id: "l0ca1api00".into(), is_rest: true }
    }
}

impl ApiRequest {
    /// A request; a query string in `path` is taken apart.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::new("delete", "/orders/7").event("request-id", None);
    /// assert_eq!((&event["httpMethod"], &event["path"]), (&"DELETE".into(), &"/orders/7".into()));
    /// ```
    pub fn new(method: impl Into<String>, path: impl AsRef<str>) -> Self {
        let (path, query) = path.as_ref().split_once('?').unwrap_or((path.as_ref(), ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query =
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v)));
        Self {
            method: method.into().to_ascii_uppercase(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            query: query.collect(),
            headers: Vec::new(),
            body: None,
            resource: None,
            path_parameters: Vec::new(),
            api: Api::default(),
        }
    }

    /// A GET request.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// assert_eq!(ApiRequest::get("/orders").event("request-id", None)["httpMethod"], "GET");
    /// ```
    pub fn get(path: impl AsRef<str>) -> Self {
        Self::new("GET", path)
    }

    /// A POST request.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// assert_eq!(ApiRequest::post("/orders").event("request-id", None)["httpMethod"], "POST");
    /// ```
    pub fn post(path: impl AsRef<str>) -> Self {
        Self::new("POST", path)
    }

    /// A header of the request; `X-Amzn-Trace-Id` is taken for the trace. May be given more than once.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::get("/").header("Accept", "text/csv").event("request-id", None);
    /// assert_eq!(event["headers"]["Accept"], "text/csv");
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A query parameter; may be given more than once.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::get("/").query("page", "2").event("request-id", None);
    /// assert_eq!(event["queryStringParameters"]["page"], "2");
    /// ```
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The body; what is not UTF-8 reaches the function in base64.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::post("/").body([0xff]).event("request-id", None);
    /// assert_eq!((&event["body"], &event["isBase64Encoded"]), (&"/w==".into(), &true.into()));
    /// ```
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A JSON body and its `Content-Type`.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::post("/").json(&serde_json::json!({"total": 7})).event("request-id", None);
    /// assert_eq!(event["body"], r#"{"total":7}"#);
    /// ```
    pub fn json(mut self, body: &Value) -> Self {
        if self.header_value("content-type").is_none() {
            self = self.header("Content-Type", "application/json");
        }
        self.body(body.to_string())
    }

    /// The resource of the API that the path falls under, such as `/orders/{id}`; its parameters are filled in.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::get("/orders/7").resource("/orders/{id}").event("request-id", None);
    /// assert_eq!(event["pathParameters"]["id"], "7");
    /// ```
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        let resource = resource.into();
        let names = resource.split('/').zip(self.path.split('/'));
        let parameters = names.filter_map(|(name, value)| {
            let name = name.strip_prefix('{')?.strip_suffix('}')?;
            Some((name.trim_end_matches('+').to_owned(), decode(value)))
        });
        self.path_parameters = parameters.collect();
        self.resource = Some(resource);
        self
    }

    /// The API's name and stage, as the segment is named: `name/stage`.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::get("/").api("shop", "beta").event("request-id", None);
    /// assert_eq!(event["requestContext"]["stage"], "beta");
    /// ```
    pub fn api(mut self, name: impl Into<String>, stage: impl Into<String>) -> Self {
        (self.api.name, self.api.stage) = (name.into(), stage.into());
        self
    }

    /// Makes it a request to an HTTP API: payload 2.0, no segment.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// assert_eq!(ApiRequest::get("/").http_api().event("request-id", None)["version"], "2.0");
    /// ```
    pub fn http_api(mut self) -> Self {
        self.api.is_rest = false;
        self.api.stage = "$default".into();
        self
    }

    /// The invocation that API Gateway makes of it; a trace header in the request is the incoming one.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let invocation = ApiRequest::get("/").invocation().timeout(std::time::Duration::from_secs(1));
    /// ```
    pub fn invocation(self) -> Invocation {
        let header = self.header_value("x-amzn-trace-id").map(str::to_owned);
        let invocation = Invocation::from(self);
        match header {
            Some(header) => invocation.tracing(Tracing::Incoming(header)),
            None => invocation,
        }
    }

    /// A header of the request by its name in any case.
    pub(super) fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn host(&self) -> String {
        format!("{}.execute-api.us-east-1.amazonaws.com", self.api.id)
    }

    pub(super) fn url(&self) -> String {
        let stage = if self.api.is_rest { format!("/{}", self.api.stage) } else { String::new() };
        format!("https://{}{stage}{}", self.host(), self.path)
    }

    /// The event that the function receives; `trace_root` stands in its `X-Amzn-Trace-Id` header.
    ///
    /// ```
    /// # use tracer_console::ApiRequest;
    /// let event = ApiRequest::get("/").event("request-id", None);
    /// assert_eq!(event["requestContext"]["requestId"], "request-id");
    /// ```
    #[must_use]
    pub fn event(&self, request_id: &str, trace_root: Option<&str>) -> Value {
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("x-amzn-trace-id"))
            .cloned()
            .collect();
        let mut add = |name: &str, value: String| {
            if self.header_value(name).is_none() {
                headers.push((name.to_owned(), value));
            }
        };
        add("Host", self.host());
        add("User-Agent", self.user_agent().to_owned());
        add("X-Forwarded-For", "127.0.0.1".into());
        add("X-Forwarded-Port", "443".into());
        add("X-Forwarded-Proto", "https".into());
        if let Some(root) = trace_root {
            headers.push(("X-Amzn-Trace-Id".into(), root.to_owned()));
        }
        if self.api.is_rest {
            self.rest_event(request_id, &headers)
        } else {
            self.http_event(request_id, &headers)
        }
    }

    fn rest_event(&self, request_id: &str, headers: &[(String, String)]) -> Value {
        let (body, is_base64) = self.encoded_body();
        let resource = self.resource.as_deref().unwrap_or(&self.path);
        let now = Timestamp::now().micros() / 1000;
        json!({
            "resource": resource, "path": self.path, "httpMethod": self.method,
            "headers": last(headers), "multiValueHeaders": all(headers),
            "queryStringParameters": or_null(last(&self.query)), "multiValueQueryStringParameters": or_null(all(&self.query)),
            "pathParameters": or_null(last(&self.path_parameters)), "stageVariables": null,
            "requestContext": {
                "accountId": "123456789012", "apiId": self.api.id, "stage": self.api.stage, "protocol": "HTTP/1.1",
                "httpMethod": self.method, "path": format!("/{}{}", self.api.stage, self.path),
                "resourceId": "l0ca1r", "resourcePath": resource,
                "requestId": request_id, "extendedRequestId": extended_request_id(request_id), "requestTimeEpoch": now,
                "domainName": self.host(), "domainPrefix": self.api.id,
                "identity": {"sourceIp": "127.0.0.1", "userAgent": self.user_agent(), "accessKey": null, "accountId": null,
                             "apiKey": null, "caller": null, "cognitoIdentityId": null, "user": null, "userArn": null},
            },
            "body": body, "isBase64Encoded": is_base64,
        })
    }

    fn http_event(&self, request_id: &str, headers: &[(String, String)]) -> Value {
        let (body, is_base64) = self.encoded_body();
        let route = self.resource.as_deref().unwrap_or(&self.path);
        let lower: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let query: Vec<_> = self.query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let mut event = json!({
            "version": "2.0", "routeKey": format!("{} {route}", self.method), "rawPath": self.path,
            "rawQueryString": query.join("&"), "headers": joined(&lower),
            "requestContext": {
                "accountId": "123456789012", "apiId": self.api.id, "domainName": self.host(), "domainPrefix": self.api.id,
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                         "userAgent": self.user_agent()},
                "requestId": request_id, "routeKey": format!("{} {route}", self.method), "stage": self.api.stage,
                "time": "", "timeEpoch": Timestamp::now().micros() / 1000,
            },
            "isBase64Encoded": is_base64,
        });
        for (key, value) in
            [("queryStringParameters", joined(&self.query)), ("pathParameters", last(&self.path_parameters))]
        {
            if value.as_object().is_some_and(|pairs| !pairs.is_empty()) {
                event[key] = value;
            }
        }
        if !body.is_null() {
            event["body"] = body;
        }
        event
    }

    pub(super) fn user_agent(&self) -> &str {
        self.header_value("user-agent").unwrap_or("tracer-console")
    }

    fn encoded_body(&self) -> (Value, bool) {
        use base64::Engine as _;
        let Some(body) = &self.body else {
            return (Value::Null, false);
        };
        match std::str::from_utf8(body) {
            Ok(text) => (json!(text), false),
            Err(_) => (json!(base64::engine::general_purpose::STANDARD.encode(body)), true),
        }
    }
}

/// API Gateway's second id of a request.
pub(super) fn extended_request_id(request_id: &str) -> String {
    let hex: String = request_id.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    format!("{hex}=")
}

/// A request id for API Gateway itself, which has its own.
pub(super) fn gateway_request_id() -> String {
    new_request_id()
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn last(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>().into()
}

fn grouped(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut groups = Map::new();
    for (key, value) in pairs {
        if let Value::Array(values) = groups.entry(key.clone()).or_insert_with(|| json!([])) {
            values.push(json!(value));
        }
    }
    groups
}

fn all(pairs: &[(String, String)]) -> Value {
    grouped(pairs).into()
}

/// Payload 2.0 joins what is given more than once with commas.
fn joined(pairs: &[(String, String)]) -> Value {
    let join = |values: &Value| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        json!(values.collect::<Vec<_>>().join(","))
    };
    grouped(pairs).iter().map(|(key, values)| (key.clone(), join(values))).collect::<Map<_, _>>().into()
}

/// API Gateway writes `null` where there is nothing.
fn or_null(pairs: Value) -> Value {
    if pairs.as_object().is_some_and(Map::is_empty) { Value::Null } else { pairs }
}
