//! A subsegment as it was recorded, with those below it.

use std::fmt;

use serde_json::Value;

use super::exception::Exception;

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
    pub(super) children: Vec<RecordedSubsegment>,
}

impl RecordedSubsegment {
    pub(super) fn of(mut json: Value) -> Self {
        let nested = json.as_object_mut().and_then(|members| members.remove("subsegments"));
        let Some(Value::Array(nested)) = nested else {
            return Self { json, children: Vec::new() };
        };
        let mut subsegment = Self { json, children: nested.into_iter().map(Self::of).collect() };
        subsegment.sort();
        subsegment
    }

    pub(super) fn sort(&mut self) {
        self.children.sort_by(|a, b| a.start().total_cmp(&b.start()));
    }

    pub(super) fn find_id(&mut self, id: &str) -> Option<&mut Self> {
        if self.id() == id {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.find_id(id))
    }

    pub(super) fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("id")
    }

    pub(super) fn start(&self) -> f64 {
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

    /// The one subsegment of this name below this one; see [`RecordedTrace::subsegment`](super::RecordedTrace::subsegment).
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

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
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

#[track_caller]
pub(super) fn only<'a>(
    among: &'a [RecordedSubsegment],
    name: &str,
    shown: &dyn fmt::Display,
) -> &'a RecordedSubsegment {
    match find(among, name).as_slice() {
        [one] => one,
        found => panic!("{} subsegments are named `{name}`, not one:\n{shown}", found.len()),
    }
}

pub(super) fn find<'a>(among: &'a [RecordedSubsegment], name: &str) -> Vec<&'a RecordedSubsegment> {
    let mut found = Vec::new();
    for subsegment in among {
        if subsegment.is_named(name) {
            found.push(subsegment);
        }
        found.extend(find(&subsegment.children, name));
    }
    found
}

impl fmt::Display for RecordedSubsegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Debug for RecordedSubsegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedSubsegment:\n{self}")
    }
}
