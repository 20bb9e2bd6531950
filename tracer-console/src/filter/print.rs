//! Writes an expression so that it is read as the same one, whoever reads it: every AND is written, and parentheses say
//! what X-Ray's documentation leaves open.

use std::fmt::{self, Display, Formatter};

use super::syntax::{Expression, ServicePattern, Test};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " AND "),
            Self::Or(parts) => joined(f, parts, " OR "),
            Self::Not(inner) => {
                f.write_str("!")?;
                if inner.is_read_as_one() { write!(f, "{inner}") } else { write!(f, "({inner})") }
            }
            Self::Condition(keyword, test) => match test {
                Test::Is(true) => write!(f, "{keyword}"),
                test => write!(f, "{keyword}{test}"),
            },
            Self::Annotation(key, test) if is_plain_key(key) => write!(f, "annotation.{key}{test}"),
            Self::Annotation(key, test) if key.contains(['"', '\\', ']']) || key.trim() != key => {
                write!(f, "annotation[{}]{test}", Quoted(key))
            }
            Self::Annotation(key, test) => write!(f, "annotation[{key}]{test}"),
            Self::Service(service, block) => write!(f, "service({}){}", Within(service), Block(block)),
            Self::Edge(from, to, block) => {
                write!(f, "edge({}, {}){}", Alone(from), Alone(to), Block(block))
            }
            Self::RootCause(cause, level, block) => {
                write!(f, "rootcause.{}.{}{}", cause.name(), level.name(), Block(block))
            }
            Self::RootCauseJson(json) => write!(f, "rootcause.json = #{json}"),
        }
    }
}

impl Expression {
    /// Whether `!` in front of it means all of it to every reader.
    fn is_read_as_one(&self) -> bool {
        match self {
            Self::And(_) | Self::Or(_) | Self::RootCauseJson(_) => false,
            Self::Condition(_, test) => matches!(test, Test::Present | Test::Is(true)),
            Self::Annotation(_, test) => matches!(test, Test::Present),
            Self::Not(_) | Self::Service(..) | Self::Edge(..) | Self::RootCause(..) => true,
        }
    }
}

/// What may stand behind `annotation.` without brackets.
pub(crate) fn is_plain_key(key: &str) -> bool {
    !key.is_empty()
        && key.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
}

fn joined(f: &mut Formatter<'_>, parts: &[Expression], between: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        match part {
            Expression::And(_) | Expression::Or(_) => write!(f, "({part})")?,
            _ => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => Ok(()),
            Self::Is(value) => write!(f, " = {value}"),
            Self::Number(operator, number) => write!(f, " {} {}", operator.text(), Number(*number)),
            Self::Text(operator, text) => write!(f, " {} {}", operator.text(), Quoted(text)),
        }
    }
}

struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 || (1e-7..1e17).contains(&size) {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}

pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

struct Block<'a>(&'a Option<Box<Expression>>);

impl Display for Block<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |inner| write!(f, " {{ {inner} }}"))
    }
}

/// A service in `service( )`, where nothing at all may stand.
struct Within<'a>(&'a ServicePattern);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.parts().next().is_none() { Ok(()) } else { write!(f, "{}", Alone(self.0)) }
    }
}

/// A service by its name, or by `id( )` where more is known.
struct Alone<'a>(&'a ServicePattern);

impl Display for Alone<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let ServicePattern { name: Some(name), service_type: None, account_id: None } = self.0 {
            return write!(f, "{}", Quoted(name));
        }
        let parts: Vec<_> = self.0.parts().map(|(part, text)| format!("{part}: {}", Quoted(text))).collect();
        write!(f, "id({})", parts.join(", "))
    }
}

impl ServicePattern {
    fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let parts = [("name", &self.name), ("type", &self.service_type), ("account.id", &self.account_id)];
        parts.into_iter().filter_map(|(part, text)| Some((part, text.as_deref()?)))
    }
}
