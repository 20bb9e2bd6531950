//! An X-Ray that is not ours: it has none of the console's own operations, is busy at times, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::serving::call;

/// Stands before a console.
pub(crate) struct FarEnd {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    console: SocketAddr,
    /// So many requests yet are too many for it.
    busy: AtomicUsize,
    /// It is a console after all.
    is_console: AtomicBool,
    /// Whoever asks this waits for an answer in vain.
    silent_about: Mutex<&'static str>,
    asked: Mutex<Vec<Asked>>,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    #[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "only AWS is signed for"))]
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

impl FarEnd {
    pub(crate) fn before(console: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (busy, is_console, silent_about, asked) = Default::default();
        let shared = Arc::new(Shared { console, busy, is_console, silent_about, asked });
        let answering = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answering = Arc::clone(&answering);
                std::thread::spawn(move || answering.answer(&stream));
            }
        });
        Self { address, shared }
    }

    /// As a console, it has the console's own operations.
    pub(crate) fn being_console(self) -> Self {
        self.shared.is_console.store(true, Ordering::Relaxed);
        self
    }

    pub(crate) fn silent_about(self, path: &'static str) -> Self {
        *self.shared.silent_about.lock().unwrap() = path;
        self
    }

    #[cfg(feature = "aws")]
    pub(crate) fn busy(self, times: usize) -> Self {
        self.shared.busy.store(times, Ordering::Relaxed);
        self
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Shared {
    /// One request; then the connection ends.
    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let (mut length, mut authorization) = (0, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "authorization" => authorization = value.trim().to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: Value = serde_json::from_slice(&body).ok()?;
        self.asked.lock().unwrap().push(Asked { path: path.clone(), authorization, body: body.clone() });
        if path == *self.silent_about.lock().unwrap() {
            // Until whoever asked has gone.
            reader.read_exact(&mut [0]).ok()?;
        }
        let (status, kind, answer) = self.outcome(&path, &body);
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} -\r\nx-amzn-errortype: {kind}\r\nconnection: close");
        let mut writer = stream;
        write!(writer, "{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len()).ok()
    }

    fn outcome(&self, path: &str, body: &Value) -> (u16, &'static str, Value) {
        let is_busy =
            self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if is_busy.is_ok() {
            return (429, "ThrottlingException", json!({"message": "Rate exceeded"}));
        }
        if path.starts_with("/tracer/") && !self.is_console.load(Ordering::Relaxed) {
            return (404, "UnknownOperationException", json!({"message": "there is no such operation"}));
        }
        match call(self.console, path, body) {
            Ok(answer) => (200, "", answer),
            Err(why) => (400, "InvalidRequestException", json!({ "message": why })),
        }
    }
}
