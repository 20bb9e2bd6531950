use xray_lite::{Context, CustomNamespace, DaemonClient, SubsegmentContext};

fn handler(context: &impl Context) {
    let _subsegment = context.enter_subsegment(CustomNamespace::new("handler"));
    child(context);
}

fn child(context: &impl Context) {
    let _subsegment = context.enter_subsegment(CustomNamespace::new("child"));
}

fn main() {
    let client = DaemonClient::from_lambda_env().unwrap();
    handler(&SubsegmentContext::from_lambda_env(client).unwrap());
    println!("hello");
}
