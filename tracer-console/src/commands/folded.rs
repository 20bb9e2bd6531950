//! Traces of an X-Ray that analyses nothing itself, folded here: all summaries, and as many traces as a sample has.

use tracer_console::{Analysis, Document, MemoryStore, Revision, TraceStore as _, taken_apart};

use super::Failure;
use super::endpoint::{Chosen, Endpoint};
use super::stored::{self, Stored};

/// The traces that are meant, and of how many the documents are read.
pub(crate) struct Folded<'e> {
    pub(crate) endpoint: &'e Endpoint,
    pub(crate) chosen: Chosen,
    pub(crate) sample: usize,
}

/// Traces that are held at a time.
const AT_ONCE: usize = 50;
/// The sample ends early where it has so many subsegments.
const MOST_SUBSEGMENTS: usize = 2_000_000;

impl Folded<'_> {
    /// Folds them into an analysis.
    pub(crate) fn into(self, mut analysis: Analysis) -> Result<Analysis, Failure> {
        let mut ids = Vec::new();
        let wants_subsegments = analysis.wants_subsegments();
        self.endpoint.summaries(&self.chosen, |summary| {
            analysis.add_summary(&summary);
            ids.extend(summary["Id"].as_str().filter(|_| wants_subsegments).map(str::to_owned));
            true
        })?;
        for ids in evenly(&ids, self.sample).chunks(AT_ONCE) {
            for stored in stored::traces(self.endpoint, ids)? {
                add(&mut analysis, &stored);
            }
            if analysis.subsegments() >= MOST_SUBSEGMENTS {
                break;
            }
        }
        Ok(analysis)
    }
}

/// At most so many: one from somewhere in each of many equal parts, the same for the same ids.
fn evenly(ids: &[String], most: usize) -> Vec<String> {
    let count = ids.len().min(most);
    let mut random = fastrand::Rng::with_seed(ids.len() as u64);
    let parts = (0..count).map(|part| part * ids.len() / count..(part + 1) * ids.len() / count);
    parts.map(|part| ids[random.usize(part)].clone()).collect()
}

fn add(analysis: &mut Analysis, stored: &Stored) {
    let store = MemoryStore::default();
    for document in stored.documents.iter().flat_map(|document| taken_apart(document)) {
        // X-Ray gave it: one that is none is left out, and the rest of the trace counts.
        let _ = Document::parse(&document).and_then(|document| store.record(document));
    }
    for (id, _) in store.changed_since(Revision::default()) {
        if let Some(trace) = store.trace(id) {
            analysis.add_subsegments(&trace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_from_everywhere() {
        let ids: Vec<_> = (0..10).map(|id| id.to_string()).collect();
        let few: Vec<usize> = evenly(&ids, 4).iter().map(|id| id.parse().unwrap()).collect();
        let parts = [0..2, 2..5, 5..7, 7..10];
        assert!(few.iter().zip(&parts).all(|(id, part)| part.contains(id)) && few.len() == 4, "{few:?}");
        assert_eq!(evenly(&ids, 100), ids);
        assert!(evenly(&ids, 0).is_empty() && evenly(&[], 5).is_empty());
    }
}
