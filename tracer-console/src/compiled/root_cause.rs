//! Root causes: the path from a request's entry to what failed, or to where its time went (fact sheet 7.8).

use std::borrow::Cow;

use serde::Serialize;

use super::measured::Measured;
use super::outcome::Outcome;
use super::segment::Segment;
use super::{CompiledTrace, clipped};
use crate::entity::{Entity, EntityKind};
use crate::trace::Node;

/// X-Ray gives causes of response time only to slow traces: to one of 2.9 s, to none of 1.16 s.
const SLOW_MICROS: i64 = 2_000_000;
/// A part of the request is followed while it covers this much of it: not established.
const HIGH_COVERAGE: f64 = 0.5;

/// The root causes of a trace.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RootCauses<'t> {
    pub(crate) fault: Vec<RootCause<'t>>,
    pub(crate) error: Vec<RootCause<'t>>,
    pub(crate) response_time: Vec<RootCause<'t>>,
}

/// A cause: services from the entry to where it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RootCause<'t> {
    pub(crate) services: Vec<RootCauseService<'t>>,
    pub(crate) client_impacting: bool,
}

/// A service on the way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RootCauseService<'t> {
    pub(crate) name: Cow<'t, str>,
    pub(crate) names: Vec<Cow<'t, str>>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Cow<'t, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<Cow<'t, str>>,
    /// The segment first, then its subsegments.
    pub(crate) entity_path: Vec<RootCauseEntity<'t>>,
    pub(crate) inferred: bool,
}

/// A segment or subsegment on the way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RootCauseEntity<'t> {
    pub(crate) name: Cow<'t, str>,
    /// Of a fault or error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exceptions: Option<Vec<RootCauseException<'t>>>,
    /// Of the response time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) coverage: Option<f64>,
    pub(crate) remote: bool,
}

/// An exception on the way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RootCauseException<'t> {
    pub(crate) name: &'t str,
    pub(crate) message: &'t str,
}

impl<'t> RootCauses<'t> {
    pub(super) fn of(compiled: &CompiledTrace<'t>) -> Self {
        let search = Search { compiled };
        Self {
            fault: search.failures(|outcome| outcome.fault),
            error: search.failures(|outcome| outcome.error),
            response_time: search.slowness().into_iter().collect(),
        }
    }
}

/// A segment or subsegment where a search is.
#[derive(Debug, Clone, Copy)]
enum Place<'t> {
    /// By position.
    Segment(usize),
    Subsegment(Node<'t>),
}

/// A place on the way, and the one before it.
#[derive(Debug, Clone, Copy)]
struct Step<'t> {
    place: Place<'t>,
    before: Option<usize>,
    depth: usize,
}

struct Search<'c, 't> {
    compiled: &'c CompiledTrace<'t>,
}

impl<'c, 't> Search<'c, 't> {
    fn segment(&self, at: usize) -> &'c Segment<'t> {
        &self.compiled.segments()[at]
    }

    fn measured(&self, place: Place<'t>) -> Measured<'t> {
        match place {
            Place::Segment(at) => *self.segment(at).measured(),
            Place::Subsegment(node) => Measured::of(node.entity()),
        }
    }

    /// What is directly below a place, through calls into the segments of callees; the earliest first.
    fn below(&self, place: Place<'t>) -> Vec<Place<'t>> {
        let step = |node: Node<'t>| match node.kind() {
            EntityKind::Subsegment => Place::Subsegment(node),
            EntityKind::Segment | EntityKind::Inferred => {
                Place::Segment(self.compiled.parts.segment_of[node.index()])
            }
        };
        match place {
            Place::Segment(at) => self.segment(at).children().into_iter().map(step).collect(),
            Place::Subsegment(node) => {
                let inferred = self.compiled.inferred_at(node).map(Place::Segment);
                // Somebody's inferred document beside ours belongs to the caller's segment: no step.
                let children = node.children().filter(|child| child.kind() != EntityKind::Inferred);
                children.map(step).chain(inferred).collect()
            }
        }
    }

    /// Lambda's own records say how the service did, not how the function did: a search looks through them.
    fn is_lambdas(&self, place: Place<'t>) -> bool {
        let is_service = |segment: &Segment<'t>| segment.origin().as_deref() == Some("AWS::Lambda");
        match place {
            Place::Segment(at) => is_service(self.segment(at)),
            Place::Subsegment(node) => {
                is_service(self.compiled.segment_of(node))
                    || node.children().any(|child| {
                        child.kind() == EntityKind::Segment && is_service(self.compiled.segment_of(child))
                    })
            }
        }
    }

    /// One cause for each flagged root: the path to the deepest flagged entity that only flagged ones lead to.
    fn failures(&self, is_flagged: impl Fn(Outcome) -> bool) -> Vec<RootCause<'t>> {
        let roots = self.compiled.segments().iter().enumerate().filter(|(_, segment)| segment.is_root());
        roots.filter_map(|(at, _)| self.failure(at, &is_flagged)).collect()
    }

    fn failure(&self, root: usize, is_flagged: &impl Fn(Outcome) -> bool) -> Option<RootCause<'t>> {
        let mut steps = Vec::<Step<'t>>::new();
        let mut waiting = vec![(Place::Segment(root), None::<usize>)];
        while let Some((place, before)) = waiting.pop() {
            let before = if is_flagged(self.measured(place).outcome()) {
                let depth = before.map_or(0, |before| steps[before].depth + 1);
                steps.push(Step { place, before, depth });
                Some(steps.len() - 1)
            } else if self.is_lambdas(place) {
                before
            } else {
                continue;
            };
            waiting.extend(self.below(place).into_iter().rev().map(|place| (place, before)));
        }
        let deepest = steps.iter().map(|step| step.depth).max()?;
        let last = steps.iter().position(|step| step.depth == deepest)?;
        let mut path: Vec<_> =
            std::iter::successors(Some(&steps[last]), |step| step.before.map(|before| &steps[before]))
                .collect();
        path.reverse();
        let entity = |measured: Measured<'t>, name, remote| {
            let exceptions = measured.entity().into_iter().flat_map(Entity::exceptions);
            let exceptions = exceptions.map(|exception| RootCauseException {
                name: clipped::text(exception.type_name()),
                message: clipped::text(exception.message()),
            });
            RootCauseEntity { name, remote, exceptions: Some(exceptions.collect()), coverage: None }
        };
        let client_impacting = is_flagged(self.segment(root).measured().outcome());
        Some(RootCause {
            services: self.services(path.into_iter().map(|step| step.place), entity),
            client_impacting,
        })
    }

    /// The path along the longest child while it covers much of the request.
    fn slowness(&self) -> Option<RootCause<'t>> {
        let root = self.compiled.root?;
        let all = self.segment(root).measured().micros().filter(|&micros| micros >= SLOW_MICROS)?;
        let longest = |place: &Place<'t>| {
            let timed = self
                .below(*place)
                .into_iter()
                .filter_map(|place| Some((place, self.measured(place).micros()?)));
            // Of equals the earliest: `max_by_key` would take the latest.
            timed.reduce(|best, next| if next.1 > best.1 { next } else { best })
        };
        let path = std::iter::successors(Some(Place::Segment(root)), |place| {
            longest(place)
                .filter(|(_, micros)| coverage(*micros, all) >= HIGH_COVERAGE)
                .map(|(place, _)| place)
        });
        let path: Vec<_> = path.collect();
        let entity = |measured: Measured<'t>, name, remote| {
            let coverage = measured.micros().map(|micros| coverage(micros, all));
            RootCauseEntity { name, remote, exceptions: None, coverage }
        };
        Some(RootCause { services: self.services(path.into_iter(), entity), client_impacting: true })
    }

    /// A path by services: each with its segment first, whether or not the path came by it.
    fn services(
        &self,
        path: impl Iterator<Item = Place<'t>>,
        entity: impl Fn(Measured<'t>, Cow<'t, str>, bool) -> RootCauseEntity<'t>,
    ) -> Vec<RootCauseService<'t>> {
        let mut services = Vec::<RootCauseService<'t>>::new();
        let mut current = None;
        for place in path {
            let at = match place {
                Place::Segment(at) => at,
                Place::Subsegment(node) => self.compiled.parts.segment_of[node.index()],
            };
            if current != Some(at) {
                current = Some(at);
                let segment = self.segment(at);
                let first = entity(*segment.measured(), segment.shared_name(), false);
                services.push(self.service(segment, first));
            }
            if let (Place::Subsegment(node), Some(service)) = (place, services.last_mut()) {
                let is_remote = node.namespace().is_some();
                service.entity_path.push(entity(
                    self.measured(place),
                    clipped::text(node.entity().name()).into(),
                    is_remote,
                ));
            }
        }
        services
    }

    fn service(&self, segment: &Segment<'t>, first: RootCauseEntity<'t>) -> RootCauseService<'t> {
        let (inferred, entity_path) = (segment.is_inferred(), vec![first]);
        match self.compiled.service_of(segment) {
            Some(service) => {
                let identity = service.identity().clone();
                RootCauseService {
                    name: identity.name,
                    names: service.names().to_vec(),
                    kind: identity.kind,
                    account_id: identity.account,
                    inferred,
                    entity_path,
                }
            }
            // An orphan has a name of its own only.
            None => {
                let name = segment.shared_name();
                RootCauseService {
                    names: vec![name.clone()],
                    name,
                    kind: None,
                    account_id: None,
                    inferred,
                    entity_path,
                }
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share is no exact number")]
fn coverage(micros: i64, all: i64) -> f64 {
    (micros as f64 / all as f64).min(1.0)
}
