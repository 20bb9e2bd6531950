//! The least that the work can cost: the document of `tracer` written by hand into one buffer, and sent.
//!
//! Two looks at the clock and a random id for each subsegment, no serde, no escapes (the strings of the work need none),
//! one datagram. `same_document` sees to it that it is byte for byte what `tracer` sends, but for ids and times.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::SystemTime;

use anyhow::{Context, Result};
use fastrand::Rng;

use crate::case::{Case, Invoke, Work};
use crate::workload::{self, Item};

pub(crate) const CASE: Case = Case { name: "limit", of: None, datagrams: |_| 1, work: Work::Rust(start) };

fn start(daemon: SocketAddr) -> Result<Invoke> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(daemon)?;
    let (root, parent) = ids(workload::SAMPLED).context("the header has no ids")?;
    // A look at the header belongs to the invocation; that it has ids was seen above.
    debug_assert!(!root.is_empty() && !parent.is_empty());
    let mut document =
        Document { out: Vec::with_capacity(64 << 10), random: Rng::new(), digits: itoa::Buffer::new() };
    Ok(Box::new(move |items| {
        document.write(workload::SAMPLED, items);
        // As with any daemon, what cannot be sent is lost.
        let _ = socket.send(&document.out);
    }))
}

/// The trace's and the parent's id.
fn ids(header: &str) -> Option<(&str, &str)> {
    let (mut root, mut parent) = (None, None);
    for part in header.split(';') {
        if let Some(id) = part.strip_prefix("Root=") {
            root = Some(id);
        } else if let Some(id) = part.strip_prefix("Parent=") {
            parent = Some(id);
        }
    }
    Some((root?, parent?))
}

struct Document {
    out: Vec<u8>,
    random: Rng,
    digits: itoa::Buffer,
}

impl Document {
    fn write(&mut self, header: &str, items: &[Item]) {
        let Some((root, parent)) = ids(header) else { return };
        self.out.clear();
        self.constant(b"{\"format\":\"json\",\"version\":1}\n{\"trace_id\":\"");
        self.constant(root.as_bytes());
        self.constant(b"\",\"parent_id\":\"");
        self.constant(parent.as_bytes());
        self.constant(b"\",\"type\":\"subsegment\",\"id\":\"");
        self.id();
        self.constant(b"\",\"name\":\"## handler\",\"start_time\":");
        self.time();
        self.constant(b",\"end_time\":");
        let end = self.later();
        self.constant(
            b",\"annotations\":{\"ColdStart\":false,\"Service\":\"order-service\"},\"subsegments\":[",
        );
        for item in items {
            self.child(item);
        }
        // The comma after the last child.
        self.out.pop();
        self.constant(b"]}");
        self.ended(end);
    }

    fn child(&mut self, item: &Item) {
        self.constant(b"{\"id\":\"");
        self.id();
        self.constant(b"\",\"name\":\"## peers::cases::tracer::child\",\"start_time\":");
        self.time();
        self.constant(b",\"end_time\":");
        let end = self.later();
        self.constant(b",\"annotations\":{\"OrderId\":\"");
        self.constant(item.id.as_bytes());
        self.constant(b"\",\"Number\":");
        self.integer(item.number);
        self.constant(b"},\"metadata\":{\"order-service\":{\"details\":{\"product\":\"");
        self.constant(item.details.product.as_bytes());
        self.constant(b"\",\"quantity\":");
        self.integer(item.details.quantity);
        self.constant(if item.details.express {
            b",\"express\":true}}}},"
        } else {
            b",\"express\":false}}}},"
        });
        self.ended(end);
    }

    #[inline]
    fn constant(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    fn integer(&mut self, number: u32) {
        self.out.extend_from_slice(self.digits.format(number).as_bytes());
    }

    fn id(&mut self) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let id = self.random.u64(..).to_be_bytes();
        let mut text = [0; 16];
        for (pair, byte) in text.chunks_exact_mut(2).zip(id) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        self.out.extend_from_slice(&text);
    }

    fn time(&mut self) {
        let now = self.now();
        self.out.extend_from_slice(&now);
    }

    /// Keeps room for a time that is not yet known.
    fn later(&mut self) -> usize {
        let at = self.out.len();
        self.out.extend_from_slice(&[b'0'; TIME]);
        at
    }

    fn ended(&mut self, at: usize) {
        let now = self.now();
        self.out[at..at + TIME].copy_from_slice(&now);
    }

    /// Epoch seconds with six decimals: the digits of the microseconds with a point in between.
    fn now(&mut self) -> [u8; TIME] {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = since_epoch.as_secs() * 1_000_000 + u64::from(since_epoch.subsec_micros());
        let digits = self.digits.format(micros).as_bytes();
        let mut text = [b'.'; TIME];
        text[..10].copy_from_slice(&digits[..10]);
        text[11..].copy_from_slice(&digits[10..]);
        text
    }
}

/// The length of a time of this century.
const TIME: usize = 17;
