use std::net::UdpSocket;

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::local::LocalSpan;
use fastrace::{Span, trace};

fn handler() {
    let root = Span::root("handler", SpanContext::random());
    let _current = root.set_local_parent();
    child(1);
}

#[trace]
fn child(number: u32) {
    LocalSpan::add_property(|| ("Number", number.to_string()));
}

struct ToDaemon(UdpSocket);

impl Reporter for ToDaemon {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        if !spans.is_empty() {
            self.0.send(format!("{spans:?}").as_bytes()).unwrap();
        }
    }
}

fn main() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(std::env::var("AWS_XRAY_DAEMON_ADDRESS").unwrap()).unwrap();
    fastrace::set_reporter(ToDaemon(socket), Config::default());
    handler();
    fastrace::flush();
    println!("hello");
}
