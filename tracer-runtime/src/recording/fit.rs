//! Which of a subsegment's values fit into its document: the longest are cut, and only what not even a cut helps is lost, the
//! longest first.

use super::json::CUT_OVERHEAD;
use super::node::{Field, NodeIndex, Section};
use super::record::{NODE_TEXT_OVERHEAD, Record, SECTION_TEXT_OVERHEAD};

/// A value is cut to no less than this much of it.
const SMALLEST_CUT: u32 = CUT_OVERHEAD as u32 + 24;

impl Record {
    /// Decides how much of each value is written so that the subsegment's own part is at most `limit` bytes.
    pub(crate) fn fit(&mut self, index: NodeIndex, limit: usize) {
        if self.text_bytes(index) <= limit {
            if self[index].lost_fields > 0 {
                self.mark_lost(index, |_, _| false);
            }
            (self[index].spare, self[index].lost_fields) = (u32::MAX, 0);
            return;
        }
        let node = &self[index];
        let fixed =
            node.name.length() + NODE_TEXT_OVERHEAD + SECTION_TEXT_OVERHEAD * node.sections.count_ones();
        let room = limit.saturating_sub(fixed as usize);
        // A long one that cannot be cut takes no room from the many short ones.
        let mut shortest: Vec<_> = self.fields_of_any(index).map(|field| smallest(self, field)).collect();
        shortest.sort_unstable();
        let mut taken = 0;
        shortest.retain(|bytes| {
            taken += *bytes as usize;
            taken <= room
        });
        let longest = shortest.last().copied().unwrap_or_default();
        let mut of_longest = shortest.iter().filter(|bytes| **bytes == longest).count();
        let room = room - shortest.iter().map(|bytes| *bytes as usize).sum::<usize>();
        let mut lost = 0;
        self.mark_lost(index, |record, field| {
            let bytes = smallest(record, field);
            // Of those that are as long, first come, first served.
            let is_kept = bytes < longest || (bytes == longest && of_longest > 0);
            of_longest -= usize::from(is_kept && bytes == longest);
            lost += u32::from(!is_kept);
            !is_kept
        });
        self[index].lost_fields = lost;
        self[index].spare = self.share(index, room);
    }

    /// How far beyond its smallest each value that is kept may go, where all together may go `room` bytes beyond.
    fn share(&self, index: NodeIndex, room: usize) -> u32 {
        let kept = || self.fields_of_any(index).filter(|field| !field.is_lost && is_cuttable(*field));
        let taken = |share: u32| -> usize {
            kept().map(|field| (field.text.length - smallest_cut(field)).min(share) as usize).sum()
        };
        if taken(u32::MAX) <= room {
            return u32::MAX;
        }
        // The largest share with which all fit.
        let (mut fits, mut exceeds) = (0, u32::MAX);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            if taken(middle) <= room { fits = middle } else { exceeds = middle }
        }
        fits
    }
}

/// Members are of fixed length, and an exception is no `"key":value`.
pub(crate) fn is_cuttable(field: Field) -> bool {
    !matches!(field.section, Section::Member | Section::Exception)
}

/// The least that a field's text can be cut to, its key included.
pub(crate) fn smallest_cut(field: Field) -> u32 {
    field.text.length.min(field.key_length + SMALLEST_CUT)
}

fn smallest(record: &Record, field: Field) -> u32 {
    let around = record.field_bytes(field) - field.text.length;
    around + if is_cuttable(field) { smallest_cut(field) } else { field.text.length }
}
