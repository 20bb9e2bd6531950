//! The request for some documents: their spans, under the services that they are of.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

use super::resource::resource;
use super::span::span;
use crate::document::Document;

/// The request for these documents.
pub(super) fn request(documents: &[&Document]) -> ExportTraceServiceRequest {
    let mut services: Vec<(Resource, ScopeSpans)> = Vec::new();
    for document in documents {
        let resource = resource(&document.entities()[0]);
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

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "tracer-console".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
