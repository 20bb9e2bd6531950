//! What is compared.

use std::net::UdpSocket;

use anyhow::Result;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use tokio::runtime::Runtime;
use tracer_runtime::{Tracer, UdpSink, capture_lambda_handler, traced_client};

use crate::connector::{self, Connector};

/// Calls of an invocation.
pub(crate) const CALLS: u32 = 10;

pub(crate) const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

/// Whose calls, and in what invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// A client without us, in an invocation that is traced all the same.
    Untraced,
    Traced,
    /// A traced client in an invocation that is not sampled.
    Unsampled,
    /// A traced client where tracing is switched off.
    Off,
}

impl Case {
    pub(crate) const ALL: [Self; 4] = [Self::Untraced, Self::Traced, Self::Unsampled, Self::Off];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Untraced => "untraced",
            Self::Traced => "traced",
            Self::Unsampled => "unsampled",
            Self::Off => "off",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.name() == name)
    }
}

/// What is between the SDK and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Nothing.
    InProcess,
    /// The SDK's HTTP client and a socket.
    Http,
}

/// A case that is ready.
pub(crate) struct Subject {
    pub(crate) case: Case,
    client: Client,
    tracer: Tracer,
    runtime: Runtime,
    // Nobody reads it.
    _daemon: UdpSocket,
}

pub(crate) fn start(case: Case, transport: Transport) -> Result<Subject> {
    let daemon = UdpSocket::bind("127.0.0.1:0")?;
    let sink = UdpSink::new(daemon.local_addr()?.to_string().parse()?);
    let tracer = Tracer::builder().enabled(case != Case::Off).service("orders").sink(sink).build();
    let credentials = Credentials::new("local", "local", None, None, "cost");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    let config = match transport {
        Transport::InProcess => config.http_client(Connector).build(),
        Transport::Http => {
            let http = aws_smithy_http_client::Builder::new().build_http();
            config.endpoint_url(format!("http://{}", connector::serve()?)).http_client(http).build()
        }
    };
    let client = match case {
        Case::Untraced => Client::new(&config),
        Case::Traced | Case::Unsampled | Case::Off => traced_client!(aws_sdk_dynamodb, &config),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Subject { case, client, tracer, runtime, _daemon: daemon })
}

impl Subject {
    /// So many invocations.
    pub(crate) fn invoke(&mut self, times: u32) {
        let header = if self.case == Case::Unsampled { UNSAMPLED } else { SAMPLED };
        for _ in 0..times {
            self.runtime.block_on(invocation(header, &self.tracer, &self.client));
        }
    }

    /// The same once all is warm. Callgrind counts from here on, by this name.
    #[inline(never)]
    pub(crate) fn invoke_warm(&mut self, times: u32) {
        self.invoke(times);
    }
}

#[capture_lambda_handler(context = header, tracer = tracer, capture_response = false)]
async fn invocation(header: &str, tracer: &Tracer, client: &Client) {
    for _ in 0..CALLS {
        let id = AttributeValue::S("ORD-1".to_owned());
        let item = client.get_item().table_name("orders").key("order_id", id).send().await;
        assert!(item.is_ok_and(|output| output.item.is_some()), "it is answered");
    }
}
