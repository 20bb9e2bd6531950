//! Conditions about a trace as a whole.

use super::cause::{has_cause, has_causes_like};
use super::graph::{has_call, has_segment};
use super::{Found, Subject, satisfies};
use crate::compiled::{AnnotationEntry, AnnotationValue, CompiledTrace, Segment};
use crate::filter::keyword::Keyword;
use crate::filter::syntax::{Expression, Test};

/// Whether the trace is what the expression asks for. Groups must have been put in place.
pub(crate) fn is_met(expression: &Expression, trace: &CompiledTrace<'_>) -> bool {
    satisfies(trace, expression)
}

impl Subject for CompiledTrace<'_> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        match keyword {
            Keyword::Ok => Found::Boolean(self.is_ok()),
            Keyword::Error => Found::Boolean(self.has_error()),
            Keyword::Fault => Found::Boolean(self.has_fault()),
            // Of any document, so that it agrees with the summary: not established, see the fact sheet's 12, 2.
            Keyword::Throttle => Found::Boolean(self.has_throttle()),
            Keyword::Partial => Found::Boolean(self.is_partial()),
            Keyword::Inferred => Found::Boolean(self.has_inferred()),
            Keyword::ResponseTime => Found::Number(self.response_time()),
            Keyword::Duration => Found::Number(self.duration()),
            Keyword::HttpStatus => Found::whole(self.http_status()),
            Keyword::HttpUrl => Found::text(self.http_request("url")),
            Keyword::HttpMethod => Found::text(self.http_request("method")),
            Keyword::HttpUserAgent => Found::text(self.http_request("user_agent")),
            Keyword::HttpClientIp => Found::text(self.http_request("client_ip")),
            Keyword::User => of_segments(self, Segment::user),
            Keyword::AvailabilityZone => of_segments(self, Segment::availability_zone),
            Keyword::InstanceId => of_segments(self, Segment::instance_id),
            Keyword::ResourceArn => of_segments(self, Segment::resource_arn),
            // Of any service: not established, see the fact sheet's 6.1.
            Keyword::AccountId => {
                Found::Texts(self.services().iter().filter_map(|service| service.account()).collect())
            }
            _ => Found::ABSENT,
        }
    }

    fn selects(&self, leaf: &Expression) -> bool {
        match leaf {
            Expression::Annotation(key, test) => {
                self.annotations().values(key).iter().any(|entry| is_annotation(entry, test))
            }
            Expression::Service(service, None) if service.is_any() => !self.segments().is_empty(),
            Expression::Service(service, None) => self.services().iter().any(|known| service.is_of(known)),
            Expression::Service(service, Some(block)) => has_segment(self, service, block),
            Expression::Edge(from, to, block) => has_call(self, (from, to), block.as_deref()),
            Expression::RootCause(cause, level, block) => has_cause(self, *cause, *level, block.as_deref()),
            Expression::RootCauseJson(examples) => has_causes_like(self, examples),
            _ => false,
        }
    }
}

fn of_segments<'c, 't: 'c>(
    trace: &'c CompiledTrace<'t>,
    of: impl Fn(&'c Segment<'t>) -> Option<&'t str>,
) -> Found<'c> {
    Found::Texts(trace.segments().iter().filter_map(of).collect())
}

/// A value of another type than the one that is asked for satisfies nothing.
fn is_annotation(entry: &AnnotationEntry<'_>, test: &Test) -> bool {
    match (entry.value, test) {
        // A boolean annotation stands for its value, as a keyword does.
        (AnnotationValue::Boolean(found), Test::Present) => found,
        (_, Test::Present) => true,
        (AnnotationValue::Boolean(found), Test::Is(asked)) => found == *asked,
        (AnnotationValue::Number(found), Test::Number(operator, asked)) => operator.holds(found, *asked),
        (AnnotationValue::String(found), Test::Text(operator, asked)) => operator.holds(found, asked),
        _ => false,
    }
}
