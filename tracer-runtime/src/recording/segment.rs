//! A segment of our own: where work comes in that no service of AWS sends a segment for.

use super::context::{self, Here};
use super::invocation::InvocationRef;
use super::json::write_string;
use super::name::valid_segment_name;
use super::node::Section;
use super::open::{Open, segment_of};
use super::tracer::Tracer;
use crate::trace_id::{SegmentId, TraceId};

/// What a segment begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewSegment<'a> {
    pub(crate) name: &'a str,
    /// In which trace it is, below what, and whether it is recorded.
    pub(crate) header: &'a str,
    /// Epoch milliseconds.
    pub(crate) deadline: Option<u64>,
    pub(crate) origin: Option<&'a str>,
    /// What was called in other traces and led to this.
    pub(crate) links: &'a [(TraceId, SegmentId)],
}

impl Open {
    /// Opens a segment. Where it is not recorded its header is passed on by what runs in it.
    pub(crate) fn segment(tracer: &Tracer, new: &NewSegment<'_>) -> Option<Self> {
        let place = segment_of(InvocationRef::begin_segment(tracer, new.header, new.deadline));
        if !place.is_recording() {
            return Some(Self::unrecorded(place));
        }
        let open = Self::at(*place, &valid_segment_name(new.name))?;
        if let Some(origin) = new.origin {
            open.place.put_text(Section::Member, "origin", origin);
        }
        if !new.links.is_empty() {
            open.place.put_written(Section::Member, "links", |out| write_links(out, new.links));
        }
        Some(open)
    }
}

/// Linked traces as X-Ray keeps them (facts 1.10): what is linked came before.
fn write_links(out: &mut Vec<u8>, links: &[(TraceId, SegmentId)]) {
    const ATTRIBUTES: &[u8] = br#","attributes":{"aws.xray.reserved.reference_type":"parent"}}"#;
    out.push(b'[');
    for (at, (trace_id, id)) in links.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",{\"trace_id\":" } else { b"{\"trace_id\":" });
        write_string(out, &trace_id.to_string());
        out.extend_from_slice(b",\"id\":");
        write_string(out, &id.to_string());
        out.extend_from_slice(ATTRIBUTES);
    }
    out.push(b']');
}

/// The tracer of a segment that begins here: the one that is named, that of the current trace, or the process's own.
/// `None` in what itself takes part in sending.
pub(crate) fn tracer_here(named: Option<&Tracer>) -> Option<Tracer> {
    let current = context::current();
    if current.is_none() && context::here() == Here::Unrecorded {
        return None;
    }
    let of_current = || current.and_then(|current| current.invocation.lock().tracer.clone());
    Some(named.cloned().or_else(of_current).unwrap_or_else(Tracer::global))
}
