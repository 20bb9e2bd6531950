//! Decides what leaves when, and in which documents: one that nests everything where it fits, else as few as possible.

use crate::trace_id::TraceId;

use super::document::{ROOT_OVERHEAD, write_document, write_in_progress};
use super::node::{NONE, NodeIndex, Stage};
use super::record::Record;
use super::sinks::HEADER_LINE;

/// The deepest nesting of one document. JSON readers stop at some depth (serde_json at 128 brackets, two a level).
const DEEPEST: u32 = 48;

/// How much of an invocation is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Everything that is closed.
    Closed,
    /// Everything that is closed, and what is open as in progress, unless it was so sent before.
    ClosedAndOpen,
}

impl Record {
    /// Closes a subsegment at `end`; it leaves with everything closed below it unless an open one stands above.
    pub(crate) fn close(&mut self, index: NodeIndex, end: u64, limit: usize) {
        self[index].end = end.max(self[index].start);
        self[index].stage = Stage::Closed;
        let (parent, chain) = (self[index].parent, self[index].own_chain);
        if parent != NONE && chain != NONE {
            self[parent].chain_of_child = chain;
        } else if parent != NONE && self[index].cause.is_some() {
            self[parent].chain_of_child = self[index].chain_of_child;
        }
        if let Some(root) = self.root_to_send(index) {
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
            let open =
                indices.into_iter().filter(|index| self[*index].stage == Stage::Open).collect::<Vec<_>>();
            self.outbox.extend(open);
        }
    }

    /// Marks the closed part of the tree below `root` as leaving and puts its documents into the outbox.
    fn depart(&mut self, root: NodeIndex, limit: usize) {
        let mut leaving = std::mem::take(&mut self.walk);
        self.closed_below(root, &mut leaving);
        for index in &leaving {
            self[*index].stage = Stage::Leaving;
        }
        let estimate: usize = match leaving.len() == self.live() {
            true => self.text_bytes,
            false => leaving.iter().map(|index| self[*index].text_bytes as usize).sum(),
        };
        let is_shallow = self.deepest - self[root].depth < DEEPEST;
        if estimate + ROOT_OVERHEAD + HEADER_LINE.len() > limit || !is_shallow {
            self.split(&leaving, limit);
        }
        self.outbox.push(root);
        self.walk = leaving;
    }

    /// Fills `found` with `root` and everything closed below it that hangs on closed subsegments, parents first.
    fn closed_below(&self, root: NodeIndex, found: &mut Vec<NodeIndex>) {
        found.clear();
        found.push(root);
        let mut at = 0;
        while let Some(index) = found.get(at).copied() {
            found.extend(self.children(index).filter(|child| self[*child].stage == Stage::Closed));
            at += 1;
        }
    }

    /// Detaches subtrees, the largest first, until every document fits and none is too deep. `leaving` has parents first.
    fn split(&mut self, leaving: &[NodeIndex], limit: usize) {
        let limit = limit.saturating_sub(HEADER_LINE.len() + ROOT_OVERHEAD);
        let mut sizes = Sizes::default();
        for index in leaving.iter().rev() {
            let mut children: Vec<NodeIndex> = self.leaving_children(*index).collect();
            children.sort_unstable_by_key(|child| std::cmp::Reverse(sizes.get(*child).bytes));
            let own = self.own_bytes(*index, limit);
            let mut bytes = own + children.iter().map(|child| sizes.get(*child).bytes + 1).sum::<usize>();
            let mut height = 1;
            for child in children {
                let of_child = sizes.get(child);
                if bytes > limit || of_child.height >= DEEPEST {
                    self[child].flags.detached = true;
                    self.outbox.push(child);
                    bytes -= of_child.bytes + 1;
                } else {
                    height = height.max(of_child.height + 1);
                }
            }
            sizes.set(*index, Size { bytes, height });
        }
    }

    fn leaving_children(&self, index: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let leaves = |child: &NodeIndex| self[*child].stage == Stage::Leaving && !self[*child].flags.detached;
        self.children(index).filter(leaves)
    }

    /// How long a subsegment's own part is, once its values are cut to the limit.
    fn own_bytes(&mut self, index: NodeIndex, limit: usize) -> usize {
        let dropped = self.dropped;
        let mut out = Vec::new();
        write_in_progress(self, index, TraceId::ZERO, limit, &mut out);
        // It was only measured: what was cut or dropped on the way is still to be said.
        self.dropped = dropped;
        (out.len() - ROOT_PREFIX + SUBSEGMENTS_MEMBER).min(limit)
    }

    /// Appends the datagram of the next document and says whose it is.
    pub(crate) fn take_next(
        &mut self,
        trace_id: TraceId,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Option<NodeIndex> {
        while let Some(index) = self.outbox.pop() {
            out.extend_from_slice(HEADER_LINE);
            let limit = limit - HEADER_LINE.len();
            match self[index].stage {
                Stage::Leaving => write_document(self, index, trace_id, limit, out),
                Stage::Open => write_in_progress(self, index, trace_id, limit, out),
                // Closed or announced since it was put here.
                Stage::Announced | Stage::Closed | Stage::Free => {
                    out.clear();
                    continue;
                }
            }
            if self[index].stage == Stage::Open {
                self[index].stage = Stage::Announced;
            }
            return Some(index);
        }
        None
    }

    /// Forgets what the document of `root` held, or puts it back to be split smaller.
    pub(crate) fn sent(&mut self, root: NodeIndex, outcome: Sent) {
        match (self[root].stage, outcome) {
            (Stage::Leaving, Sent::Gone) => {
                let mut sent = std::mem::take(&mut self.walk);
                self.nested_below(root, &mut sent);
                sent.iter().for_each(|index| self.remove(*index));
                self.walk = sent;
                self.compact();
            }
            (Stage::Leaving, Sent::TooLarge { limit }) => {
                let mut nested = Vec::new();
                self.nested_below(root, &mut nested);
                self.split(&nested, limit);
                self.outbox.push(root);
            }
            (Stage::Announced, Sent::TooLarge { .. }) => {
                self[root].stage = Stage::Open;
                self.outbox.push(root);
            }
            _ => {}
        }
    }

    /// Fills `found` with `root` and everything that its document nests, parents first.
    fn nested_below(&self, root: NodeIndex, found: &mut Vec<NodeIndex>) {
        found.clear();
        found.push(root);
        let mut at = 0;
        while let Some(index) = found.get(at).copied() {
            found.extend(self.leaving_children(index));
            at += 1;
        }
    }
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    /// Sent, or lost for good.
    Gone,
    /// To be tried again within this limit.
    TooLarge { limit: usize },
}

/// What [`write_in_progress`] writes that a nested subsegment has not.
const ROOT_PREFIX: usize = "\"trace_id\":\"\",\"parent_id\":\"\",\"type\":\"subsegment\",".len() + 35 + 16;
const SUBSEGMENTS_MEMBER: usize = ",\"subsegments\":[]".len() + ",\"end_time\":18446744073709.551615".len();

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
