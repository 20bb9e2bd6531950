//! `xray-lite`, whose custom namespaces can set annotations and metadata: two documents a subsegment.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;
use xray_lite::{
    Annotation, Client, Context, CustomNamespace, DaemonClient, Namespace, Subsegment, SubsegmentContext,
};

use crate::case::{Case, Invoke, Work};
use crate::workload::{self, Item};

pub(crate) const CASE: Case = Case {
    name: "xray-lite",
    of: Some("xray-lite"),
    datagrams: |children| 2 * (children + 1),
    work: Work::Rust(start),
};

fn start(daemon: SocketAddr) -> Result<Invoke> {
    let client = DaemonClient::new(daemon)?;
    Ok(Box::new(move |items| handler(&client, items)))
}

fn handler(client: &DaemonClient, items: &[Item]) {
    // The header is read anew in each invocation: it is another trace's.
    let Ok(context) = SubsegmentContext::from_lambda_env(client.clone()) else { return };
    let _subsegment = context.enter_subsegment(CustomNamespace::new("handler"));
    for item in items {
        child(&context, item);
    }
}

fn child<C: Client>(context: &SubsegmentContext<C>, item: &Item) {
    let _subsegment = context.enter_subsegment(Order(item));
}

struct Order<'a>(&'a Item);

impl Namespace for Order<'_> {
    fn name(&self, prefix: &str) -> String {
        format!("{prefix}child")
    }

    /// Called when the subsegment begins and when it ends, which keeps what was set.
    fn update_subsegment(&self, subsegment: &mut Subsegment) {
        if subsegment.annotations.is_some() {
            return;
        }
        subsegment.annotations = Some(HashMap::from([
            ("OrderId".to_owned(), Annotation::String(self.0.id.clone())),
            ("Number".to_owned(), Annotation::Number(self.0.number as usize)),
        ]));
        let details = json!({ "details": self.0.details });
        subsegment.metadata = Some(HashMap::from([(workload::SERVICE.to_owned(), details)]));
    }
}
