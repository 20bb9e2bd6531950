//! An order service behind API Gateway: `POST /orders`, `POST /payments` and `POST /risky`.
//!
//! What is traced is what has an attribute. Nothing else is set up: in Lambda the environment says where the X-Ray daemon is.

mod fulfillment;
mod order;
mod payment;
mod receipt;
mod risky;

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use serde_json::{Value, json};
use tracer_runtime::{self as tracer, capture_lambda_handler};

use crate::order::{OrderRequest, calculate_total, get_order};
use crate::payment::{PaymentRequest, process_payment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

#[capture_lambda_handler]
async fn handler(request: Request) -> Result<Response<Body>, Error> {
    // Without the stage that the API is deployed to.
    let answer = match request.raw_http_path() {
        "/orders" => place_order(&serde_json::from_slice(request.body())?).await?,
        "/payments" => pay(&serde_json::from_slice(request.body())?).await?,
        "/risky" => json!({ "result": risky::risky_operation(&serde_json::from_slice(request.body())?)? }),
        "/broken" => return respond(500, &json!({ "message": "the price list is not loaded" })),
        path => return respond(404, &json!({ "message": format!("nothing is served at {path}") })),
    };
    respond(200, &answer)
}

async fn place_order(request: &OrderRequest) -> Result<Value, Error> {
    tracer::put_annotation("OrderId", &request.order_id);
    let order = get_order(&request.order_id).await?;
    let total = calculate_total(&order);
    let receipt = receipt::generate_receipt(&order, total).await?;
    fulfillment::queue_fulfillment(&order).await;
    Ok(json!({ "order_id": request.order_id, "total": total, "receipt": receipt }))
}

async fn pay(request: &PaymentRequest) -> Result<Value, Error> {
    let auth_code = process_payment(&request.payment_id, request.amount, &request.method).await?;
    Ok(json!({ "payment_id": request.payment_id, "auth_code": auth_code }))
}

fn respond(status: u16, body: &Value) -> Result<Response<Body>, Error> {
    tracer::set_http_response(status, None);
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Body::from(body.to_string()))?)
}
