//! An order service behind API Gateway: `POST /orders`, `POST /payments` and `POST /risky`.
//!
//! What is traced is what has an attribute, and each call of a traced client. Nothing else is set up: in Lambda the
//! environment says where the X-Ray daemon is.

mod aws;
mod fulfillment;
mod order;
mod payment;
mod receipt;
mod risky;
#[cfg(all(test, feature = "trace"))]
mod tests;

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use serde_json::{Value, json};
use tracer_runtime::{self as tracer, capture_lambda_handler};

use crate::aws::Aws;
use crate::fulfillment::queue_fulfillment;
use crate::order::{OrderRequest, calculate_total, get_order};
use crate::payment::{PaymentRequest, process_payment};
use crate::receipt::generate_receipt;
use crate::risky::{MissingField, risky_operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let aws = Aws::from_env().await?;
    run(service_fn(|request| handler(&aws, request))).await
}

#[capture_lambda_handler]
async fn handler(aws: &Aws, request: Request) -> Result<Response<Body>, Error> {
    // Without the stage that the API is deployed to.
    let answer = match request.raw_http_path() {
        "/orders" => place_order(aws, &serde_json::from_slice(request.body())?).await?,
        "/payments" => pay(&serde_json::from_slice(request.body())?).await?,
        "/risky" => risk(&serde_json::from_slice(request.body())?)?,
        "/broken" => return respond(500, &json!({ "message": "the price list is not loaded" })),
        path => return respond(404, &json!({ "message": format!("nothing is served at {path}") })),
    };
    respond(200, &answer)
}

async fn place_order(aws: &Aws, request: &OrderRequest) -> Result<Value, Error> {
    tracer::put_annotation("OrderId", &request.order_id);
    let order = get_order(aws, &request.order_id).await?;
    let total = calculate_total(&order);
    if let Some(payment) = &request.payment {
        process_payment(payment, total).await?;
    }
    let receipt = generate_receipt(aws, &order, total).await?;
    queue_fulfillment(aws, &order).await?;
    Ok(json!({ "order_id": request.order_id, "total": total, "receipt": receipt }))
}

async fn pay(request: &PaymentRequest) -> Result<Value, Error> {
    let auth_code = process_payment(&request.payment, request.amount).await?;
    Ok(json!({ "payment_id": request.payment.payment_id, "auth_code": auth_code }))
}

/// The error is recorded by itself; what led to it is kept beside the handler.
fn risk(event: &Value) -> Result<Value, Error> {
    let keep_event = |_: &MissingField| tracer::put_metadata_in("Errors", "error_event", event);
    Ok(risky_operation(event).inspect_err(keep_event)?)
}

fn respond(status: u16, body: &Value) -> Result<Response<Body>, Error> {
    tracer::set_http_response(status, None);
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Body::from(body.to_string()))?)
}
