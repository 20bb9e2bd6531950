//! The request for some documents: their spans, under the services that they are of.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

use super::origin::Origin;
use super::resource::{is_known, resource};
use super::span::span;
use crate::document::Document;
use crate::entity::EntityKind;
use crate::otlp::returned;
use crate::trace_id::{EntityId, TraceId};

/// The request for these documents.
pub(super) fn request(documents: &[&Document]) -> ExportTraceServiceRequest {
    let parents = Parents::of(documents);
    let mut services: Vec<(Resource, ScopeSpans)> = Vec::new();
    for document in documents {
        let resource = resource(&parents.outermost(document).entities()[0]);
        let at = services.iter().position(|(known, _)| *known == resource).unwrap_or_else(|| {
            services.push((resource, ScopeSpans { scope: Some(scope()), ..ScopeSpans::default() }));
            services.len() - 1
        });
        services[at].1.spans.extend(document.entities().iter().map(|entity| span(entity, document)));
    }
    let spans = |(resource, spans)| ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: services.into_iter().map(spans).collect() }
}

/// The documents that hold what others may be children of.
struct Parents<'a>(HashMap<(TraceId, EntityId), &'a Document>);

impl<'a> Parents<'a> {
    fn of(documents: &[&'a Document]) -> Self {
        let holds = |document: &&'a Document| {
            let (trace, document) = (document.trace_id(), *document);
            document.entities().iter().map(move |entity| ((trace, entity.id()), document))
        };
        Self(documents.iter().flat_map(holds).collect())
    }

    /// The document that says of which service another one is: a subsegment is of its parent's service.
    fn outermost(&self, document: &'a Document) -> &'a Document {
        let mut found = document;
        // Whoever is his own grandparent is asked for ever.
        for _ in 0..self.0.len() {
            let outermost = &found.entities()[0];
            let is_subsegment = outermost.kind() == EntityKind::Subsegment;
            let has_resource = Origin::of(outermost).and_then(Origin::resource).is_some();
            let parent = outermost.parent_id().filter(|_| is_subsegment && !has_resource);
            let Some(parent) = parent.and_then(|id| self.0.get(&(document.trace_id(), id))) else { break };
            found = parent;
        }
        if is_known(&found.entities()[0]) { found } else { document }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: returned::SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
