//! What was recorded, as a tree to assert on.

use std::fmt;

use serde_json::Value;

/// Everything that one capture recorded.
///
/// It prints as a readable tree, and so does each failure to find something in it.
///
/// ```
/// use tracer_runtime::{subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || subsegment("lines", || ())));
/// assert!(trace.to_string().starts_with("parse"));
/// assert_eq!(trace.subsegment("parse").subsegments()[0].name(), "lines");
/// ```
#[derive(Clone)]
pub struct RecordedTrace {
    roots: Vec<RecordedSubsegment>,
    documents: Vec<String>,
}

/// One recorded subsegment.
///
/// ```
/// use tracer_runtime::{subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || ()));
/// assert!(!trace.subsegment("parse").is_fault());
/// ```
#[derive(Clone)]
pub struct RecordedSubsegment {
    json: Value,
    children: Vec<RecordedSubsegment>,
}

/// One recorded exception.
///
/// ```
/// use tracer_runtime::{add_error, subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
/// assert_eq!(trace.subsegment("parse").exceptions()[0].type_name(), "core::num::error::ParseIntError");
/// ```
#[derive(Debug, Clone)]
pub struct Exception {
    json: Value,
}

impl RecordedTrace {
    /// Nests the documents by their parents; what hangs on no other document hangs on the trace.
    pub(super) fn of(documents: &[String]) -> Self {
        let parsed = documents.iter().filter_map(|document| serde_json::from_str(document).ok());
        let mut loose: Vec<RecordedSubsegment> = Vec::new();
        for subsegment in parsed.map(RecordedSubsegment::of) {
            // A complete document replaces the one in progress.
            loose.retain(|other| other.id() != subsegment.id());
            loose.push(subsegment);
        }
        let mut at = 0;
        while at < loose.len() {
            let parent = loose[at].text("parent_id").to_owned();
            let child = loose.remove(at);
            match loose.iter_mut().find_map(|root| root.find_id(&parent)) {
                Some(parent) => {
                    parent.children.push(child);
                    parent.sort();
                }
                None => {
                    loose.insert(at, child);
                    at += 1;
                }
            }
        }
        loose.sort_by(|a, b| a.start().total_cmp(&b.start()));
        Self { roots: loose, documents: documents.to_vec() }
    }

    /// The outermost subsegments, in the order of their start.
    ///
    /// ```
    /// assert!(tracer_runtime::testing::capture(|| ()).subsegments().is_empty());
    /// ```
    #[must_use]
    pub fn subsegments(&self) -> &[RecordedSubsegment] {
        &self.roots
    }

    /// The documents as they were sent, in their order.
    ///
    /// ```
    /// assert!(tracer_runtime::testing::capture(|| ()).documents().is_empty());
    /// ```
    #[must_use]
    pub fn documents(&self) -> &[String] {
        &self.documents
    }

    /// The one subsegment of this name at any depth: the whole name, or the last part of `## module::name`.
    ///
    /// # Panics
    /// Where there is none or more than one; the message shows the tree.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("outer", || subsegment("inner", || ())));
    /// assert_eq!(trace.subsegment("inner").name(), "inner");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subsegment(&self, name: &str) -> &RecordedSubsegment {
        only(&self.roots, name, self)
    }

    /// All subsegments of this name at any depth.
    ///
    /// ```
    /// # use tracer_runtime::testing;
    /// assert!(testing::capture(|| ()).find("parse").is_empty());
    /// ```
    #[must_use]
    pub fn find(&self, name: &str) -> Vec<&RecordedSubsegment> {
        find(&self.roots, name)
    }
}

#[track_caller]
fn only<'a>(among: &'a [RecordedSubsegment], name: &str, shown: &dyn fmt::Display) -> &'a RecordedSubsegment {
    match find(among, name).as_slice() {
        [one] => one,
        found => panic!("{} subsegments are named `{name}`, not one:\n{shown}", found.len()),
    }
}

fn find<'a>(among: &'a [RecordedSubsegment], name: &str) -> Vec<&'a RecordedSubsegment> {
    let mut found = Vec::new();
    for subsegment in among {
        if subsegment.is_named(name) {
            found.push(subsegment);
        }
        found.extend(find(&subsegment.children, name));
    }
    found
}

impl RecordedSubsegment {
    fn of(mut json: Value) -> Self {
        let nested = json.as_object_mut().and_then(|members| members.remove("subsegments"));
        let Some(Value::Array(nested)) = nested else {
            return Self { json, children: Vec::new() };
        };
        let mut subsegment = Self { json, children: nested.into_iter().map(Self::of).collect() };
        subsegment.sort();
        subsegment
    }

    fn sort(&mut self) {
        self.children.sort_by(|a, b| a.start().total_cmp(&b.start()));
    }

    fn find_id(&mut self, id: &str) -> Option<&mut Self> {
        if self.id() == id {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.find_id(id))
    }

    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.text("id")
    }

    fn start(&self) -> f64 {
        self.json["start_time"].as_f64().unwrap_or_default()
    }

    fn is_named(&self, name: &str) -> bool {
        let own = self.name();
        let bare = own.strip_prefix("## ").unwrap_or(own);
        own == name || bare == name || bare.strip_suffix(name).is_some_and(|path| path.ends_with("::"))
    }

    /// The name as it was sent.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert_eq!(trace.subsegments()[0].name(), "parse");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Its whole document without the subsegments below it, for what has no method here.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert_eq!(trace.subsegment("parse").json()["type"], "subsegment");
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The subsegments directly below, in the order of their start.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("outer", || subsegment("inner", || ())));
    /// assert_eq!(trace.subsegment("outer").subsegments().len(), 1);
    /// ```
    #[must_use]
    pub fn subsegments(&self) -> &[Self] {
        &self.children
    }

    /// The one subsegment of this name below this one; see [`RecordedTrace::subsegment`].
    ///
    /// # Panics
    /// Where there is none or more than one; the message shows the tree.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("outer", || subsegment("inner", || ())));
    /// assert_eq!(trace.subsegment("outer").subsegment("inner").name(), "inner");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subsegment(&self, name: &str) -> &Self {
        only(&self.children, name, self)
    }

    /// The value of an annotation; `null` where there is none.
    ///
    /// ```
    /// # use tracer_runtime::{put_annotation, subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || put_annotation("Lines", 3)));
    /// assert_eq!(trace.subsegment("parse").annotation("Lines"), 3);
    /// ```
    #[must_use]
    pub fn annotation(&self, key: &str) -> &Value {
        &self.json["annotations"][key]
    }

    /// The value of metadata with this key, in whichever namespace; `null` where there is none.
    ///
    /// ```
    /// # use tracer_runtime::{put_metadata, subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || put_metadata("lines", &[1, 2])));
    /// assert_eq!(trace.subsegment("parse").metadata("lines")[0], 1);
    /// ```
    #[must_use]
    pub fn metadata(&self, key: &str) -> &Value {
        let namespaces = self.json["metadata"].as_object().into_iter().flat_map(serde_json::Map::values);
        namespaces.filter_map(|namespace| namespace.get(key)).next().unwrap_or(&Value::Null)
    }

    /// The value of metadata in one namespace; `null` where there is none.
    ///
    /// ```
    /// # use tracer_runtime::{put_metadata_in, subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || put_metadata_in("Input", "lines", &2)));
    /// assert_eq!(trace.subsegment("parse").metadata_in("Input", "lines"), 2);
    /// ```
    #[must_use]
    pub fn metadata_in(&self, namespace: &str, key: &str) -> &Value {
        &self.json["metadata"][namespace][key]
    }

    /// The recorded return value; `null` where there is none.
    ///
    /// ```
    /// # use tracer_runtime::{capture_method, testing};
    /// #[capture_method]
    /// fn total() -> u32 { 42 }
    ///
    /// assert_eq!(testing::capture(total).subsegment("total").response(), 42);
    /// ```
    #[must_use]
    pub fn response(&self) -> &Value {
        let name = self.name();
        self.metadata(&format!("{} response", name.strip_prefix("## ").unwrap_or(name)))
    }

    /// The exceptions that were recorded here.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert!(trace.subsegment("parse").exceptions().is_empty());
    /// ```
    #[must_use]
    pub fn exceptions(&self) -> Vec<Exception> {
        let exceptions = self.json["cause"]["exceptions"].as_array().cloned().unwrap_or_default();
        exceptions.into_iter().map(|json| Exception { json }).collect()
    }

    /// The id of the exception of a subsegment below that is the cause here too.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert_eq!(trace.subsegment("parse").cause_id(), None);
    /// ```
    #[must_use]
    pub fn cause_id(&self) -> Option<&str> {
        self.json["cause"].as_str()
    }

    fn has(&self, flag: &str) -> bool {
        self.json[flag] == true
    }

    /// Whether it failed by our fault.
    ///
    /// ```
    /// # use tracer_runtime::{set_fault, subsegment, testing};
    /// assert!(testing::capture(|| subsegment("parse", set_fault)).subsegment("parse").is_fault());
    /// ```
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.has("fault")
    }

    /// Whether it failed by the caller's error.
    ///
    /// ```
    /// # use tracer_runtime::{set_error, subsegment, testing};
    /// assert!(testing::capture(|| subsegment("parse", set_error)).subsegment("parse").is_error());
    /// ```
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.has("error")
    }

    /// Whether it was throttled.
    ///
    /// ```
    /// # use tracer_runtime::{set_throttle, subsegment, testing};
    /// assert!(testing::capture(|| subsegment("parse", set_throttle)).subsegment("parse").is_throttle());
    /// ```
    #[must_use]
    pub fn is_throttle(&self) -> bool {
        self.has("throttle")
    }

    /// Whether its future was dropped before its end.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// assert!(!testing::capture(|| subsegment("parse", || ())).subsegment("parse").is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.annotation("Cancelled") == true
    }

    /// Whether it was still open when the capture ended.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// assert!(!testing::capture(|| subsegment("parse", || ())).subsegment("parse").is_in_progress());
    /// ```
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.has("in_progress")
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.name(), indent = depth * 2)?;
        let marks = [
            ("fault", self.is_fault()),
            ("error", self.is_error()),
            ("throttle", self.is_throttle()),
            ("in progress", self.is_in_progress()),
        ];
        for (mark, _) in marks.into_iter().filter(|(_, is_set)| *is_set) {
            write!(f, " [{mark}]")?;
        }
        for member in ["annotations", "metadata"] {
            if let Some(value) = self.json.get(member) {
                write!(f, " {member}={value}")?;
            }
        }
        for exception in self.exceptions() {
            write!(f, " {}: {:?}", exception.type_name(), exception.message())?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.write(f, depth + 1))
    }
}

impl Exception {
    fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    /// Its id, 16 hexadecimal digits.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert_eq!(trace.subsegment("parse").exceptions()[0].id().len(), 16);
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The error's type.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert!(trace.subsegment("parse").exceptions()[0].type_name().ends_with("ParseIntError"));
    /// ```
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.text("type")
    }

    /// What the error says.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert_eq!(trace.subsegment("parse").exceptions()[0].message(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        self.text("message")
    }

    /// Its whole JSON: `id`, `type`, `message`, `cause`, `stack`.
    ///
    /// ```
    /// # use tracer_runtime::{add_error, subsegment, testing};
    /// # let trace = testing::capture(|| subsegment("parse", || add_error(&"x".parse::<u8>().unwrap_err())));
    /// assert!(trace.subsegment("parse").exceptions()[0].json()["cause"].is_null());
    /// ```
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }
}

impl fmt::Display for RecordedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.roots.iter().try_for_each(|root| root.write(f, 0))
    }
}

impl fmt::Display for RecordedSubsegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Debug for RecordedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedTrace:\n{self}")
    }
}

impl fmt::Debug for RecordedSubsegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedSubsegment:\n{self}")
    }
}
