//! An X-Ray that records `PutTraceSegments`, and fails as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::documents::id;
use crate::far_end::{Asked, FarEnd, Said};
use crate::wait::until;

/// What it does to a call.
#[derive(Clone)]
pub(crate) enum Mood {
    Fine,
    /// Answers so.
    Fails(Said),
    /// Takes all documents but those with these ids, of which it says these codes.
    Unprocessed(BTreeMap<String, &'static str>),
    /// Refuses every call that has this document.
    Hates(String),
    /// Fails over every call that has this document.
    BreaksOver(String),
}

pub(crate) struct XRayEnd {
    pub(crate) end: FarEnd,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    taken: Vec<String>,
    calls: Vec<usize>,
}

impl XRayEnd {
    pub(crate) fn new() -> Self {
        let state = Arc::new(Mutex::new(State { mood: Mood::Fine, taken: Vec::new(), calls: Vec::new() }));
        let answering = Arc::clone(&state);
        Self { end: FarEnd::answering(move |asked| answering.lock().unwrap().answer(asked)), state }
    }

    pub(crate) fn that_is(mood: Mood) -> Self {
        let end = Self::new();
        end.becomes(mood);
        end
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub(crate) fn url(&self) -> String {
        self.end.url()
    }

    /// The texts that it took, in their order.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.state.lock().unwrap().taken.clone()
    }

    /// How many documents each call had, whatever became of it.
    pub(crate) fn calls(&self) -> Vec<usize> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Waits until it took all of these, perhaps more than once, and others too.
    pub(crate) fn has(&self, texts: &[String]) {
        let mut missing: std::collections::HashSet<_> = texts.iter().cloned().collect();
        let mut seen = 0;
        until("a document", || {
            let state = self.state.lock().unwrap();
            missing.retain(|text| !state.taken[seen..].contains(text));
            seen = state.taken.len();
            missing.is_empty().then_some(())
        });
    }

    /// Waits until it was called.
    pub(crate) fn is_called(&self) {
        let before = self.calls().len();
        until("a call", || (self.calls().len() > before).then_some(()));
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Said {
        if asked.uri.path() != "/TraceSegments" {
            return Said { status: 200, body: b"{}".to_vec(), ..Said::default() };
        }
        let call: Value = serde_json::from_slice(&asked.body).unwrap();
        let texts = call["TraceSegmentDocuments"].as_array().unwrap();
        let texts: Vec<_> = texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        assert!(texts.len() <= 50 && texts.iter().all(|text| text.len() <= 65_536));
        self.calls.push(texts.len());
        let mut unprocessed = Vec::new();
        match &self.mood {
            Mood::Fails(said) => return said.clone(),
            Mood::Hates(text) if texts.contains(text) => {
                return x_ray_error(400, "InvalidRequestException");
            }
            Mood::BreaksOver(text) if texts.contains(text) => return Said::status(500),
            Mood::Fine | Mood::Hates(_) | Mood::BreaksOver(_) => self.taken.extend(texts),
            Mood::Unprocessed(codes) => {
                for text in texts {
                    match codes.get(&id(&text)) {
                        Some(code) => unprocessed
                            .push(json!({"Id": id(&text), "ErrorCode": code, "Message": "as told"})),
                        None => self.taken.push(text),
                    }
                }
            }
        }
        let body = json!({ "UnprocessedTraceSegments": unprocessed }).to_string().into_bytes();
        Said { status: 200, body, ..Said::default() }
    }
}

/// An error as X-Ray answers it.
pub(crate) fn x_ray_error(status: u16, code: &str) -> Said {
    let body = json!({"__type": code, "message": "as told"}).to_string().into_bytes();
    Said { status, body, ..Said::default() }.with("x-amzn-errortype", code)
}
