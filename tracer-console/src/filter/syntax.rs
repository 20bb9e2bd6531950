//! Filter expressions as they are meant: keywords known, types and scopes checked.

use serde_json::Value;

use super::keyword::Keyword;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// At least two.
    And(Vec<Expression>),
    /// At least two.
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// A keyword of the scope that the expression stands in.
    Condition(Keyword, Test),
    /// `Present` of an annotation that is a boolean asks for its value.
    Annotation(String, Test),
    /// A service; with a block some segment of it that satisfies the block.
    Service(ServicePattern, Option<Box<Expression>>),
    /// A call from one service to another; with a block some such call that satisfies the block.
    Edge(ServicePattern, ServicePattern, Option<Box<Expression>>),
    /// An element of the root causes; with a block one that satisfies the block.
    RootCause(Cause, Level, Option<Box<Expression>>),
    /// Root causes that have all that the array's elements say.
    RootCauseJson(Value),
}

/// What a keyword or an annotation is asked for. What is not there satisfies none of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Present,
    Is(bool),
    Number(NumberOperator, f64),
    Text(TextOperator, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOperator {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

/// A service by what is known of it; what is not given may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServicePattern {
    pub(crate) name: Option<String>,
    pub(crate) service_type: Option<String>,
    pub(crate) account_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Fault,
    Error,
    ResponseTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Entity,
    Exception,
}

impl NumberOperator {
    pub(crate) const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether `found` satisfies the comparison with `asked`.
    #[allow(clippy::float_cmp, reason = "an expression means the number that it says")]
    pub(crate) fn holds(self, found: f64, asked: f64) -> bool {
        match self {
            Self::Equal => found == asked,
            Self::NotEqual => found != asked,
            Self::Less => found < asked,
            Self::LessOrEqual => found <= asked,
            Self::Greater => found > asked,
            Self::GreaterOrEqual => found >= asked,
        }
    }
}

impl TextOperator {
    pub(crate) const ALL: [Self; 5] =
        [Self::Equal, Self::NotEqual, Self::Contains, Self::BeginsWith, Self::EndsWith];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "CONTAINS",
            Self::BeginsWith => "BEGINSWITH",
            Self::EndsWith => "ENDSWITH",
        }
    }

    /// Whether `found` satisfies the comparison with `asked`. Upper and lower case differ.
    pub(crate) fn holds(self, found: &str, asked: &str) -> bool {
        match self {
            Self::Equal => found == asked,
            Self::NotEqual => found != asked,
            Self::Contains => found.contains(asked),
            Self::BeginsWith => found.starts_with(asked),
            Self::EndsWith => found.ends_with(asked),
        }
    }
}

impl Cause {
    pub(crate) const ALL: [Self; 3] = [Self::Fault, Self::Error, Self::ResponseTime];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Error => "error",
            Self::ResponseTime => "responsetime",
        }
    }

    /// What can be asked for in causes of this kind: exceptions are no cause of slowness.
    pub(crate) const fn levels(self) -> &'static [Level] {
        match self {
            Self::Fault | Self::Error => &[Level::Service, Level::Entity, Level::Exception],
            Self::ResponseTime => &[Level::Service, Level::Entity],
        }
    }
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Entity => "entity",
            Self::Exception => "exception",
        }
    }
}
