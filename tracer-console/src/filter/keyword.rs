//! The keywords of filter expressions: their names, types, and where each may stand. One table.

use std::fmt;

/// What the conditions of a part of an expression speak about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The trace as a whole.
    Trace,
    /// A segment of a service: inside `service(...) { }`.
    Service,
    /// A call: inside `edge(...) { }`.
    Edge,
    /// Inside `rootcause.*.service { }`.
    CauseService,
    /// Inside `rootcause.fault.entity { }` and `rootcause.error.entity { }`.
    CauseEntity,
    /// Inside `rootcause.responsetime.entity { }`.
    TimedCauseEntity,
    /// Inside `rootcause.*.exception { }`.
    CauseException,
    /// A service or an edge of the service graph: the selector of a time series. It has no keywords.
    ServiceGraph,
}

impl Scope {
    const ALL: [Self; 8] = [
        Self::Trace,
        Self::Service,
        Self::Edge,
        Self::CauseService,
        Self::CauseEntity,
        Self::TimedCauseEntity,
        Self::CauseException,
        Self::ServiceGraph,
    ];

    /// Where that is, for a sentence.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Trace => "outside of every block",
            Self::Service => "inside service(...) { }",
            Self::Edge => "inside edge(...) { }",
            Self::CauseService => "inside rootcause.*.service { }",
            Self::CauseEntity => "inside rootcause.*.entity { }",
            Self::TimedCauseEntity => "inside rootcause.responsetime.entity { }",
            Self::CauseException => "inside rootcause.*.exception { }",
            Self::ServiceGraph => "in the selector of a time series",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueType {
    Boolean,
    Number,
    Text,
}

impl ValueType {
    /// For a sentence: "`responsetime` is a number".
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Ok,
    Error,
    Fault,
    Throttle,
    Partial,
    Inferred,
    Root,
    First,
    Last,
    Remote,
    ResponseTime,
    Duration,
    HttpStatus,
    Index,
    Coverage,
    HttpUrl,
    HttpMethod,
    HttpUserAgent,
    HttpClientIp,
    User,
    AvailabilityZone,
    InstanceId,
    ResourceArn,
    Name,
    Type,
    Message,
    AccountId,
    GroupName,
    GroupArn,
}

/// A row of the table.
pub(crate) struct Entry {
    pub(crate) keyword: Keyword,
    /// In lower case; it is read in any.
    pub(crate) name: &'static str,
    pub(crate) value: ValueType,
    pub(crate) scopes: &'static [Scope],
    /// What it is, for completions.
    pub(crate) meaning: &'static str,
}

const T: &[Scope] = &[Scope::Trace];
const S: &[Scope] = &[Scope::Service, Scope::Edge];
const TS: &[Scope] = &[Scope::Trace, Scope::Service, Scope::Edge];
const TSR: &[Scope] = &[Scope::Trace, Scope::Service, Scope::Edge, Scope::CauseService];
const R: &[Scope] =
    &[Scope::CauseService, Scope::CauseEntity, Scope::TimedCauseEntity, Scope::CauseException];
const SR: &[Scope] = &[
    Scope::Service,
    Scope::Edge,
    Scope::CauseService,
    Scope::CauseEntity,
    Scope::TimedCauseEntity,
    Scope::CauseException,
];
const TYPED: &[Scope] = &[Scope::Service, Scope::Edge, Scope::CauseService];
const R_ENTITY: &[Scope] = &[Scope::CauseEntity, Scope::TimedCauseEntity];
const R_TIMED_ENTITY: &[Scope] = &[Scope::TimedCauseEntity];
const R_EXCEPTION: &[Scope] = &[Scope::CauseException];

const fn row(
    keyword: Keyword,
    name: &'static str,
    value: ValueType,
    scopes: &'static [Scope],
    meaning: &'static str,
) -> Entry {
    Entry { keyword, name, value, scopes, meaning }
}

use ValueType::{Boolean, Number, Text};

#[rustfmt::skip]
pub(crate) const KEYWORDS: [Entry; 29] = [
    row(Keyword::Ok, "ok", Boolean, TS, "neither error, fault nor throttle, and no status from 400"),
    row(Keyword::Error, "error", Boolean, TS, "the client's side was wrong (4xx)"),
    row(Keyword::Fault, "fault", Boolean, TS, "the server's side failed (5xx)"),
    row(Keyword::Throttle, "throttle", Boolean, TS, "a request was refused for their number (429)"),
    row(Keyword::Partial, "partial", Boolean, TS, "still in progress"),
    row(Keyword::Inferred, "inferred", Boolean, TSR, "has, or is, what sent no segment of its own"),
    row(Keyword::Root, "root", Boolean, S, "the service is the trace's entry point"),
    row(Keyword::First, "first", Boolean, R, "the first of its list"),
    row(Keyword::Last, "last", Boolean, R, "the last of its list"),
    row(Keyword::Remote, "remote", Boolean, R_ENTITY, "a call of another service"),
    row(Keyword::ResponseTime, "responsetime", Number, TS, "seconds until the answer"),
    row(Keyword::Duration, "duration", Number, TS, "seconds until the end of all work"),
    row(Keyword::HttpStatus, "http.status", Number, TS, "the status of the answer"),
    row(Keyword::Index, "index", Number, R, "the position in its list, from 0"),
    row(Keyword::Coverage, "coverage", Number, R_TIMED_ENTITY, "its share of the root's time, from 0 to 1"),
    row(Keyword::HttpUrl, "http.url", Text, TS, "the request's URL"),
    row(Keyword::HttpMethod, "http.method", Text, TS, "the request's method"),
    row(Keyword::HttpUserAgent, "http.useragent", Text, TS, "the user agent that sent the request"),
    row(Keyword::HttpClientIp, "http.clientip", Text, TS, "the address that sent the request"),
    row(Keyword::User, "user", Text, TS, "the user that a segment names"),
    row(Keyword::AvailabilityZone, "availabilityzone", Text, TS, "the zone that a segment ran in"),
    row(Keyword::InstanceId, "instance.id", Text, TS, "the instance that a segment ran on"),
    row(Keyword::ResourceArn, "resource.arn", Text, TS, "the resource that a segment ran on"),
    row(Keyword::Name, "name", Text, SR, "the name of the service, entity or exception"),
    row(Keyword::Type, "type", Text, TYPED, "the type of the service, such as AWS::Lambda::Function"),
    row(Keyword::Message, "message", Text, R_EXCEPTION, "the exception's message"),
    row(Keyword::AccountId, "account.id", Text, TSR, "the account of the service"),
    row(Keyword::GroupName, "group.name", Text, T, "the name of a group whose expression is meant"),
    row(Keyword::GroupArn, "group.arn", Text, T, "the ARN of a group whose expression is meant"),
];

impl Keyword {
    /// The keyword of that name, in any case, wherever it may stand.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let entry = KEYWORDS.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
        entry.map(|entry| entry.keyword)
    }

    /// Those that may stand in `scope`.
    pub(crate) fn of(scope: Scope) -> impl Iterator<Item = &'static Entry> {
        KEYWORDS.iter().filter(move |entry| entry.scopes.contains(&scope))
    }

    pub(crate) fn entry(self) -> &'static Entry {
        // The rows stand in the order of the variants; a test holds it.
        &KEYWORDS[self as usize]
    }

    pub(crate) fn is_in(self, scope: Scope) -> bool {
        self.entry().scopes.contains(&scope)
    }

    /// The places where it may stand, for a sentence.
    pub(crate) fn places(self) -> String {
        let places = Scope::ALL.into_iter().filter(|scope| self.is_in(*scope)).map(Scope::place);
        places.collect::<Vec<_>>().join(" or ")
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_keyword() {
        for (at, entry) in KEYWORDS.iter().enumerate() {
            assert_eq!(entry.keyword as usize, at, "{}", entry.name);
            assert_eq!(entry.name, entry.name.to_ascii_lowercase());
        }
    }

    #[test]
    fn a_keyword_is_known_in_any_case() {
        assert_eq!(Keyword::named("responseTime"), Some(Keyword::ResponseTime));
        assert_eq!(Keyword::named("HTTP.Status"), Some(Keyword::HttpStatus));
        assert_eq!(Keyword::named("response_time"), None);
    }

    #[test]
    fn places_are_named_for_a_sentence() {
        assert_eq!(Keyword::Coverage.places(), "inside rootcause.responsetime.entity { }");
        assert_eq!(Keyword::Root.places(), "inside service(...) { } or inside edge(...) { }");
    }

    #[test]
    fn the_selector_of_a_time_series_knows_no_keyword() {
        assert_eq!(Keyword::of(Scope::ServiceGraph).count(), 0);
    }
}
