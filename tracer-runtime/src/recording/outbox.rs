//! Decides what leaves when, and in which documents: one that nests everything where it fits, else as few as possible.

use std::collections::BinaryHeap;

use crate::trace_id::{SegmentId, TraceId};

use super::document::{write_document, write_in_progress, write_nested};
use super::json::DEEPEST_VALUE;
use super::node::{NONE, NodeIndex, Stage};
use super::record::{Dropped, Record};
use super::sinks::HEADER_LINE;

/// The deepest nesting of one document. JSON readers stop at some depth, serde_json at 128 brackets: two a level, one more
/// at the end, two around metadata, and those of the deepest value.
const DEEPEST: u32 = (127 - 3 - DEEPEST_VALUE) / 2;

/// What a document's root has beside what it would have nested: the ids, the type, the note of what was dropped.
const ROOT_BYTES: usize = 220;
/// `,"subsegments":[` and `]`.
const SUBSEGMENTS_BYTES: usize = 17;

/// How much of an invocation is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Everything that is closed.
    Closed,
    /// Everything that is closed, and what is open as in progress, unless it was so sent before.
    ClosedAndOpen,
}

/// A document that waits to be sent, or an open subsegment to be announced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    index: NodeIndex,
    id: SegmentId,
    /// The limit that it was split for.
    limit: usize,
}

/// A document that was taken from the outbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    index: NodeIndex,
    id: SegmentId,
    is_announcement: bool,
    /// How many subsegments are in it.
    count: usize,
    /// The note of what was dropped that it carries.
    noted: Dropped,
}

/// What became of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    /// Sent, or lost for good.
    Gone,
    /// To be tried again within this limit.
    TooLarge { limit: usize },
}

impl Record {
    /// Closes a subsegment at `end`; it leaves with everything closed below it unless an open one stands above.
    pub(crate) fn close(&mut self, index: NodeIndex, end: u64, limit: usize) {
        self[index].end = end.max(self[index].start);
        self[index].stage = Stage::Closed;
        let bytes = self.text_bytes(index);
        self[index].text_bytes = bytes as u32;
        self.closed += 1;
        self.closed_bytes += bytes;
        let parent = self[index].parent;
        if parent != NONE
            && let Some(chain) = self[index].failure.as_ref().and_then(|failure| failure.own_chain.clone())
        {
            self[parent].failure().chain_of_child = Some(chain);
        }
        // Its own announcement may be on its way, and must not arrive after it: who sends that sends this.
        if self.announcing == 0
            && let Some(root) = self.root_to_send(index)
        {
            self.depart(root, limit);
        }
    }

    /// The topmost closed subsegment above `index`, if none above it is open.
    fn root_to_send(&self, index: NodeIndex) -> Option<NodeIndex> {
        let mut root = index;
        let mut at = self[index].parent;
        while at != NONE {
            match self[at].stage {
                Stage::Open | Stage::Announced => return None,
                Stage::Closed => root = at,
                // What is above has left already.
                Stage::Leaving | Stage::Free => break,
            }
            at = self[at].parent;
        }
        Some(root)
    }

    /// Puts every closed subtree into the outbox, and with [`Due::ClosedAndOpen`] the open subsegments too.
    pub(crate) fn depart_all(&mut self, due: Due, limit: usize) {
        let indices: Vec<NodeIndex> = self.indices().collect();
        for index in &indices {
            let parent = self[*index].parent;
            let stands_alone = parent == NONE || self[parent].stage != Stage::Closed;
            if self[*index].stage == Stage::Closed && stands_alone {
                self.depart(*index, limit);
            }
        }
        if due == Due::ClosedAndOpen {
            let open = indices.into_iter().filter(|index| self[*index].stage == Stage::Open);
            let open: Vec<_> = open.map(|index| self.waiting(index, limit)).collect();
            self.outbox.extend(open);
        }
    }

    /// Marks the closed part of the tree below `root` as leaving and puts its documents into the outbox.
    fn depart(&mut self, root: NodeIndex, limit: usize) {
        let is_shallow = self.deepest - self[root].depth < DEEPEST;
        if is_shallow && self.closed_bytes <= room(limit) && self.is_one_closed_tree() {
            self.leave_whole(root);
            let waiting = self.waiting(root, limit);
            self.outbox.push(waiting);
            return;
        }
        let mut leaving = std::mem::take(&mut self.walk);
        self.closed_below(root, &mut leaving);
        let mut estimate = 0;
        for index in &leaving {
            let node = &mut self[*index];
            (node.stage, node.document) = (Stage::Leaving, root);
            estimate += node.text_bytes as usize;
        }
        self.closed -= leaving.len();
        self.closed_bytes -= estimate;
        if estimate > room(limit) || !is_shallow {
            self.split(&leaving, limit);
        }
        let waiting = self.waiting(root, limit);
        self.outbox.push(waiting);
        self.walk = leaving;
    }

    fn waiting(&self, index: NodeIndex, limit: usize) -> Waiting {
        Waiting { index, id: self[index].id, limit }
    }

    /// Fills `found` with `root` and everything closed below it that hangs on closed subsegments, parents first.
    fn closed_below(&self, root: NodeIndex, found: &mut Vec<NodeIndex>) {
        self.descend(root, found, |record, _, child| record[child].stage == Stage::Closed);
    }

    /// Fills `found` with `root` and everything that its document nests, parents first.
    fn nested_below(&self, root: NodeIndex, found: &mut Vec<NodeIndex>) {
        self.descend(root, found, Self::nests);
    }

    fn descend(
        &self,
        root: NodeIndex,
        found: &mut Vec<NodeIndex>,
        follows: impl Fn(&Self, NodeIndex, NodeIndex) -> bool,
    ) {
        found.clear();
        found.push(root);
        let mut at = 0;
        while let Some(index) = found.get(at).copied() {
            found.extend(self.children(index).filter(|child| follows(self, index, *child)));
            at += 1;
        }
    }

    /// Whether `child` leaves in the document of `parent`, nested in it.
    pub(crate) fn nests(&self, parent: NodeIndex, child: NodeIndex) -> bool {
        self[child].stage == Stage::Leaving && self[child].document == self[parent].document
    }

    /// Gives subtrees documents of their own, the largest first, until every document fits and none is too deep.
    /// `leaving` is what is in one document now, parents first.
    fn split(&mut self, leaving: &[NodeIndex], limit: usize) {
        let room = room(limit);
        let mut sizes = Sizes::default();
        for index in leaving.iter().rev() {
            self.fit_and_count(*index, room);
            let nested = self.children(*index).filter(|child| self.nests(*index, *child));
            let mut children: BinaryHeap<(usize, NodeIndex)> =
                nested.map(|child| (sizes.get(child).bytes, child)).collect();
            let nested: usize = children.iter().map(|(bytes, _)| bytes + 1).sum();
            let around = if children.is_empty() { 0 } else { SUBSEGMENTS_BYTES };
            let mut bytes = self.own_bytes(*index) + around + nested;
            let mut height = 1;
            while let Some((_, child)) = children.pop() {
                let of_child = sizes.get(child);
                if bytes > room || of_child.height >= DEEPEST {
                    self[child].document = child;
                    let waiting = self.waiting(child, limit);
                    self.outbox.push(waiting);
                    bytes -= of_child.bytes + 1;
                } else {
                    height = height.max(of_child.height + 1);
                }
            }
            sizes.set(*index, Size { bytes, height });
        }
        // What hangs on a subtree that was split off leaves with it.
        for index in leaving {
            let (parent, document) = (self[*index].parent, self[*index].document);
            if document != *index && parent != NONE && self[parent].stage == Stage::Leaving {
                self[*index].document = self[parent].document;
            }
        }
    }

    /// How long a subsegment's own part is, once its values are cut to fit.
    fn own_bytes(&self, index: NodeIndex) -> usize {
        let mut out = super::scratch::take();
        write_nested(self, index, &mut out);
        let bytes = out.len() + 1;
        super::scratch::give_back(out);
        bytes
    }

    /// Fits the values of a subsegment that leaves for good, and counts what is lost.
    fn fit_and_count(&mut self, index: NodeIndex, room: usize) {
        let lost_before = self[index].lost_fields;
        self.fit(index, room);
        self.dropped.values += self[index].lost_fields.saturating_sub(lost_before);
    }

    /// Appends the datagram of the next document and says whose it is.
    pub(crate) fn take_next(&mut self, trace_id: TraceId, limit: usize, out: &mut Vec<u8>) -> Option<Taken> {
        while let Some(waiting) = self.outbox.pop() {
            let Waiting { index, id, .. } = waiting;
            let stage = self.find(index, id).map(|node| node.stage);
            let is_announcement = match stage {
                Some(Stage::Leaving) => false,
                Some(Stage::Open) => true,
                // Closed or announced since it was put here, or gone.
                _ => continue,
            };
            if !is_announcement && waiting.limit > limit {
                // A smaller limit was learnt since.
                self.split_again(index, limit);
                continue;
            }
            out.extend_from_slice(HEADER_LINE);
            let (mut noted, mut count) = (Dropped::default(), 1);
            if is_announcement {
                self.fit(index, room(limit));
                write_in_progress(self, index, trace_id, out);
                // The complete document fits its values anew, and counts them then.
                self.fit(index, usize::MAX);
                self[index].stage = Stage::Announced;
                self.announcing += 1;
            } else {
                let mut clock = std::mem::take(&mut self.clock);
                count = write_document(self, index, trace_id, &mut clock, out);
                self.clock = clock;
                // Said in this document, and not in one that another thread sends meanwhile.
                noted = std::mem::take(&mut self.dropped);
            }
            return Some(Taken { index, id, is_announcement, count, noted });
        }
        None
    }

    /// Forgets what a document held, or puts it back to be split smaller.
    pub(crate) fn sent(&mut self, taken: Taken, outcome: Sent, limit: usize) {
        if taken.is_announcement {
            self.announcing -= 1;
            if let Sent::TooLarge { .. } = outcome
                && self.find(taken.index, taken.id).is_some_and(|node| node.stage == Stage::Announced)
            {
                self[taken.index].stage = Stage::Open;
                let waiting = self.waiting(taken.index, limit);
                self.outbox.push(waiting);
            }
            if self.announcing == 0 {
                // What was closed meanwhile waited for the announcement.
                self.depart_all(Due::Closed, limit);
            }
            return;
        }
        match outcome {
            Sent::Gone => {
                if taken.count == self.live() {
                    self.forget_subsegments();
                } else {
                    let mut nested = std::mem::take(&mut self.walk);
                    self.nested_below(taken.index, &mut nested);
                    nested.iter().for_each(|index| self.remove(*index));
                    self.walk = nested;
                }
                self.compact();
            }
            Sent::TooLarge { limit } => {
                self.dropped.values += taken.noted.values;
                self.dropped.subsegments += taken.noted.subsegments;
                self.split_again(taken.index, limit);
            }
        }
    }

    /// Splits a document that waits, or came back, for a smaller limit.
    fn split_again(&mut self, root: NodeIndex, limit: usize) {
        let mut nested = std::mem::take(&mut self.walk);
        self.nested_below(root, &mut nested);
        self.split(&nested, limit);
        self.walk = nested;
        let waiting = self.waiting(root, limit);
        self.outbox.push(waiting);
    }
}

/// What a document may hold beside its root's members.
fn room(limit: usize) -> usize {
    limit.saturating_sub(HEADER_LINE.len() + ROOT_BYTES)
}

/// The sizes of subtrees by index.
#[derive(Debug, Default)]
struct Sizes(Vec<Size>);

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    bytes: usize,
    height: u32,
}

impl Sizes {
    fn get(&self, index: NodeIndex) -> Size {
        self.0.get(index as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, index: NodeIndex, size: Size) {
        let at = index as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, Size::default());
        }
        self.0[at] = size;
    }
}
