//! Documents in plenty: texts that are made once, in which what differs is written over in place.
//!
//! Each is a segment of 1,620 bytes with three annotations and two subsegments, a trace of its own. Twenty services, 5,000
//! tenants; two requests of a hundred end in a fault, three in an error, one is throttled. All of it follows from a number.

use std::ops::Range;

/// The bytes of a document, where nothing has to be escaped.
pub(crate) const BYTES: usize = 1_620;
/// After so many documents their texts repeat, but for what is written over.
pub(crate) const KINDS: u64 = 400;
/// Documents that a call of PutTraceSegments takes.
pub(crate) const TOGETHER: u64 = 50;
/// The tenants are `t-0000` and up.
pub(crate) const TENANTS: u64 = 5_000;
/// The users are `u-00000` and up.
pub(crate) const USERS: u64 = 50_000;
/// The items are `/items/000000` and up.
pub(crate) const ITEMS: u64 = 1_000_000;

pub(crate) const SERVICES: [&str; 20] = [
    "web", "orders", "payments", "stock", "mailer", "search", "prices", "users", "carts", "taxes", "returns",
    "invoices", "reviews", "images", "routes", "parcels", "coupons", "banners", "reports", "exports",
];

/// What the n-th document of a series says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    seed: u64,
    /// In microseconds since the epoch, when the first began.
    pub(crate) begin: u64,
    /// In microseconds, how much later the next began.
    step: f64,
}

impl Series {
    pub(crate) fn new(seed: u64, begin: u64, step: f64) -> Self {
        Self { seed, begin, step }
    }

    fn random(&self, number: u64, of: u64) -> u64 {
        mixed(mixed(self.seed.wrapping_add(of)).wrapping_add(number))
    }

    pub(crate) fn start(&self, number: u64) -> u64 {
        self.begin + (number as f64 * self.step) as u64
    }

    /// From 5 to 400 ms, and one of a hundred as far as 5 s.
    fn response(&self, number: u64) -> u64 {
        let random = self.random(number, 1);
        let longest = if random.is_multiple_of(100) { 5_000_000 } else { 400_000 };
        5_000 + (random >> 32) % (longest - 5_000)
    }

    pub(crate) fn tenant(&self, number: u64) -> u64 {
        self.random(number, 2) % TENANTS
    }

    /// What is behind the `1-` of the trace's id.
    fn trace(&self, number: u64, text: &mut [u8]) {
        hexadecimal(&mut text[..8], self.start(number) / 1_000_000);
        text[8] = b'-';
        hexadecimal(&mut text[9..17], self.random(number, 3) >> 32);
        hexadecimal(&mut text[17..33], self.random(number, 4));
    }

    /// The same id as OpenTelemetry writes it.
    fn open_telemetry_trace(&self, number: u64, text: &mut [u8]) {
        let mut id = [0; 33];
        self.trace(number, &mut id);
        text[..8].copy_from_slice(&id[..8]);
        text[8..].copy_from_slice(&id[9..]);
    }

    pub(crate) fn trace_id(&self, number: u64) -> String {
        let mut text = [0; 33];
        self.trace(number, &mut text);
        format!("1-{}", String::from_utf8_lossy(&text))
    }

    /// The whole document.
    pub(crate) fn document(&self, number: u64) -> Vec<u8> {
        let mut template = Template::new(Kind::of(number));
        self.write(number, &mut template);
        template.bytes
    }

    pub(crate) fn write(&self, number: u64, template: &mut Template) {
        for slot in &template.slots {
            self.fill(number, slot, &mut template.bytes);
        }
    }

    /// Writes the documents from `first` on into a template that has so many places for each.
    pub(crate) fn write_each(&self, first: u64, places: usize, template: &mut Template) {
        for (number, slots) in (first..).zip(template.slots.chunks(places)) {
            slots.iter().for_each(|slot| self.fill(number, slot, &mut template.bytes));
        }
    }

    fn fill(&self, number: u64, slot: &Slot, bytes: &mut [u8]) {
        let text = &mut bytes[slot.at.clone()];
        let share = |percent| self.start(number) + self.response(number) * percent / 100;
        match slot.part {
            b'T' => self.trace(number, text),
            b'O' => self.open_telemetry_trace(number, text),
            b'S' => hexadecimal(text, self.random(number, 5)),
            b'A' => hexadecimal(text, self.random(number, 6)),
            b'B' => hexadecimal(text, self.random(number, 7)),
            b'R' => hexadecimal(text, self.random(number, 8)),
            b'Q' => hexadecimal(text, self.random(number, 9)),
            b's' => seconds(text, share(0)),
            b'e' => seconds(text, share(100)),
            b'a' => seconds(text, share(8)),
            b'b' => seconds(text, share(31)),
            b'c' => seconds(text, share(37)),
            b'd' => seconds(text, share(94)),
            b'0' => decimal(text, share(0)),
            b'1' => decimal(text, share(8)),
            b'2' => decimal(text, share(31)),
            b'3' => decimal(text, share(37)),
            b'4' => decimal(text, share(94)),
            b'5' => decimal(text, share(100)),
            b't' => decimal(text, self.tenant(number)),
            b'o' => decimal(text, number),
            b'n' => decimal(text, 100 + self.random(number, 10) % 900),
            b'u' => decimal(text, self.random(number, 11) % USERS),
            _ => decimal(text, self.random(number, 12) % ITEMS),
        }
    }
}

/// SplitMix64's last step.
pub(crate) fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn hexadecimal(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

fn decimal(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn seconds(text: &mut [u8], micros: u64) {
    decimal(&mut text[..10], micros / 1_000_000);
    text[10] = b'.';
    decimal(&mut text[11..], micros % 1_000_000);
}

/// What does not differ between documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    service: usize,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    Fault,
    Error,
    Throttle,
}

impl Kind {
    pub(crate) fn of(number: u64) -> Self {
        let place = number % KINDS;
        let outcome = match mixed(place) % 100 {
            0 | 1 => Outcome::Fault,
            2..5 => Outcome::Error,
            5 => Outcome::Throttle,
            _ => Outcome::Fine,
        };
        Self { service: (mixed(place) >> 32) as usize % SERVICES.len(), outcome }
    }
}

/// Where to write what.
#[derive(Debug)]
struct Slot {
    at: Range<usize>,
    part: u8,
}

/// A text with places to be written over.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) bytes: Vec<u8>,
    slots: Vec<Slot>,
}

/// Begins a place, and fills it; in no other use here.
const MARK: u8 = b'~';

impl Template {
    fn new(kind: Kind) -> Self {
        Self::of(text(kind).into_bytes())
    }

    /// A datagram, with the line that the daemon's protocol begins with.
    pub(crate) fn datagram(kind: Kind) -> Self {
        Self::of(format!("{{\"format\":\"json\",\"version\":1}}\n{}", text(kind)).into_bytes())
    }

    pub(crate) fn places(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let mut slots = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] != MARK {
                at += 1;
                continue;
            }
            let filling = bytes[at + 2..].iter().take_while(|byte| **byte == MARK).count();
            slots.push(Slot { at: at..at + 2 + filling, part: bytes[at + 1] });
            at += 2 + filling;
        }
        Self { bytes, slots }
    }
}

/// The body of a call of PutTraceSegments, to be written over likewise.
#[derive(Debug)]
pub(crate) struct Body {
    template: Template,
    /// The slots of each document.
    documents: Vec<Range<usize>>,
}

impl Body {
    /// For the documents from `first` on.
    pub(crate) fn new(first: u64, count: u64) -> Self {
        let texts: Vec<_> = (first..first + count).map(|number| text(Kind::of(number))).collect();
        let body = serde_json::json!({ "TraceSegmentDocuments": texts }).to_string();
        let mut end = 0;
        let documents = texts.iter().map(|text| {
            let begin = end;
            end += Template::of(text.clone().into_bytes()).slots.len();
            begin..end
        });
        Self { documents: documents.collect(), template: Template::of(body.into_bytes()) }
    }

    /// The body with the documents from `first` on, of the same kinds as those that it was made for.
    pub(crate) fn with(&mut self, series: &Series, first: u64) -> &[u8] {
        for (number, slots) in (first..).zip(&self.documents) {
            for slot in &self.template.slots[slots.clone()] {
                series.fill(number, slot, &mut self.template.bytes);
            }
        }
        &self.template.bytes
    }
}

/// What a place looks like before it is written over.
pub(crate) fn mark(part: char, width: usize) -> String {
    format!("~{part}{}", "~".repeat(width - 2))
}

fn text(kind: Kind) -> String {
    let place = |part| mark(part, if part.is_ascii_uppercase() { 16 } else { 17 });
    let service = SERVICES[kind.service];
    let (status, flag) = match kind.outcome {
        Outcome::Fine => (200, ""),
        Outcome::Fault => (503, r#","fault":true"#),
        Outcome::Error => (404, r#","error":true"#),
        Outcome::Throttle => (429, r#","error":true,"throttle":true"#),
    };
    let cause = match kind.outcome {
        Outcome::Fault => format!(
            r#","cause":{{"working_directory":"/app","exceptions":[{{"id":"{}","type":"PaymentDeclined","message":"the provider did not answer within 2 s","remote":false,"stack":[{{"path":"{service}/handlers.py","line":214,"label":"charge"}}]}}]}}"#,
            place('Q')
        ),
        _ => String::new(),
    };
    let head = format!(
        r#"{{"name":"{service}","id":"{}","trace_id":"1-{}","start_time":{},"end_time":{},"origin":"AWS::ECS::Container","user":"u-{}","http":{{"request":{{"method":"POST","url":"https://{service}.shop.example/api/v2/items/{}?expand=lines","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","client_ip":"10.2.37.41"}},"response":{{"status":{status},"content_length":1482}}}},"annotations":{{"tenant":"t-{}","order_id":"ORD-{}","cart_size":{}}}{flag}{cause},"aws":{{"account_id":"123456789012","ecs":{{"container":"{service}-7d4f9c6b5-x2lqp"}},"xray":{{"sdk":"X-Ray for Python","sdk_version":"2.15.0"}}}},"service":{{"version":"1.42.0","runtime":"CPython","runtime_version":"3.13.1"}}"#,
        place('S'),
        mark('T', 33),
        place('s'),
        place('e'),
        mark('u', 5),
        mark('i', 6),
        mark('t', 4),
        mark('o', 10),
        mark('n', 3),
    );
    let subsegments = format!(
        r#","subsegments":[{{"name":"DynamoDB","id":"{}","namespace":"aws","start_time":{},"end_time":{},"aws":{{"operation":"GetItem","table_name":"{service}","region":"eu-central-1","request_id":"{}","retries":0}},"http":{{"response":{{"status":200}}}}}},{{"name":"{service}.provider.example","id":"{}","namespace":"remote","start_time":{},"end_time":{},"http":{{"request":{{"method":"POST","url":"https://{service}.provider.example/v1/charges"}},"response":{{"status":{status}}}}}{flag}}}]}}"#,
        place('A'),
        place('a'),
        place('b'),
        place('R'),
        place('B'),
        place('c'),
        place('d'),
    );
    let around = r#","metadata":{"default":{"note":""}}"#.len();
    let room = BYTES.saturating_sub(head.len() + subsegments.len() + around);
    format!(r#"{head},"metadata":{{"default":{{"note":"{}"}}}}{subsegments}"#, words(room))
}

/// So many bytes of text.
fn words(bytes: usize) -> String {
    let words = ["settings", "were", "read", "from", "the", "cache", "and", "merged", "with", "defaults"];
    let all: String = (0..bytes).map(|at| format!("{} ", words[at % words.len()])).collect();
    all[..bytes].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: Series = Series { seed: 7, begin: 1_795_348_800_000_000, step: 86_400.0 };

    #[test]
    fn every_document_is_as_long_as_is_said_and_names_its_trace_and_three_annotations() {
        for number in 0..KINDS {
            let text = SERIES.document(number);
            assert_eq!(text.len(), BYTES);
            let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(document["trace_id"], *SERIES.trace_id(number));
            assert_eq!(document["annotations"].as_object().unwrap().len(), 3);
            assert_eq!(document["subsegments"].as_array().unwrap().len(), 2);
            assert!(!text.contains(&MARK));
        }
    }

    #[test]
    fn a_body_holds_the_same_documents() {
        let mut body = Body::new(0, TOGETHER);
        let first = 3 * KINDS;
        let body: serde_json::Value = serde_json::from_slice(body.with(&SERIES, first)).unwrap();
        let texts = body["TraceSegmentDocuments"].as_array().unwrap();
        assert_eq!(texts.len() as u64, TOGETHER);
        for (number, text) in (first..).zip(texts) {
            assert_eq!(text.as_str().unwrap().as_bytes(), SERIES.document(number));
        }
    }

    #[test]
    fn a_datagram_that_is_written_over_is_another_document() {
        let mut datagram = Template::datagram(Kind::of(5));
        for number in [5, 5 + KINDS] {
            SERIES.write(number, &mut datagram);
            let (_, document) = datagram.bytes.split_at(datagram.bytes.len() - BYTES);
            assert_eq!(document, SERIES.document(number));
        }
    }
}
