//! moto's server: what stands in for AWS.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tracer_tests_python::Python;

use crate::wait::until;

/// Ends when it is dropped, and also however this process ends.
pub(crate) struct Moto {
    process: Child,
    pub(crate) address: SocketAddr,
}

/// Runs the server until the standard input ends.
const RUN: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(sys.argv[1:])
";

/// moto goes by the signature's scope, and does not check it.
const TO_X_RAY: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=0";

impl Moto {
    /// `None` where no Python has it, which is said.
    pub(crate) fn start() -> Option<Self> {
        let python = Python::for_test(&["moto.server", "flask"])?;
        // Somebody else may take the port between the two: then the server ends, and another is tried.
        let started = (0..3).find_map(|_| {
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            let mut run = python.command();
            run.args(["-c", RUN, "-H", "127.0.0.1", "-p", &address.port().to_string()]);
            run.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut moto = Self { process: run.spawn().unwrap(), address };
            until("moto", || {
                let has_ended = !matches!(moto.process.try_wait(), Ok(None));
                let listens = TcpStream::connect(address).is_ok();
                std::thread::sleep(Duration::from_millis(20));
                (listens || has_ended).then_some(listens)
            })
            .then_some(moto)
        });
        Some(started.expect("moto starts"))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The documents of a trace, once it has so many.
    pub(crate) fn documents(&self, trace: &str, count: usize) -> Vec<Value> {
        until("moto's documents", || {
            let asked = json!({ "TraceIds": [trace] }).to_string();
            let post = ureq::post(format!("{}/Traces", self.url())).header("authorization", TO_X_RAY);
            let answer = post.send(asked).unwrap().body_mut().read_to_string().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let segments = answer["Traces"][0]["Segments"].as_array()?.clone();
            let document =
                |segment: &Value| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
            (segments.len() >= count).then(|| segments.iter().map(document).collect())
        })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
