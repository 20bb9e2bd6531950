//! Entities put under their parents, whatever they say of each other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Slot, Trace};
use crate::entity::Entity;
use crate::trace_id::{EntityId, TraceId};

/// Who is whose child, by position in a list that is sorted by start.
pub(super) struct Forest<'a> {
    entities: &'a [Arc<Entity>],
    children: HashMap<EntityId, Vec<usize>>,
    arrived: HashSet<EntityId>,
}

impl<'a> Forest<'a> {
    pub(super) fn new(entities: &'a [Arc<Entity>]) -> Self {
        let mut children = HashMap::<_, Vec<_>>::new();
        for (at, entity) in entities.iter().enumerate() {
            if let Some(parent) = entity.parent {
                children.entry(parent).or_default().push(at);
            }
        }
        Self { entities, children, arrived: entities.iter().map(|entity| entity.id).collect() }
    }

    pub(super) fn grow(&self, id: TraceId) -> Trace {
        let mut trace = Trace {
            id,
            nodes: Vec::with_capacity(self.entities.len()),
            roots: Vec::new(),
            linked_from: Vec::new(),
        };
        let mut placed = vec![false; self.entities.len()];
        let is_root =
            |at: &usize| self.entities[*at].parent.is_none_or(|parent| !self.arrived.contains(&parent));
        for root in (0..self.entities.len()).filter(is_root) {
            self.place(root, &mut trace, &mut placed);
        }
        // What is left goes round in circles; the earliest of a circle becomes a root.
        for at in 0..self.entities.len() {
            if !placed[at] {
                self.place(at, &mut trace, &mut placed);
            }
        }
        trace
    }

    /// Places an entity and all below it, without recursion: a chain of documents may be longer than the stack.
    fn place(&self, root: usize, trace: &mut Trace, placed: &mut [bool]) {
        let mut waiting = vec![(root, None::<usize>)];
        while let Some((at, parent)) = waiting.pop() {
            if std::mem::replace(&mut placed[at], true) {
                continue;
            }
            let index = trace.nodes.len();
            let depth = parent.map_or(0, |parent| trace.nodes[parent].depth + 1);
            match parent {
                Some(parent) => trace.nodes[parent].children.push(index),
                None => trace.roots.push(index),
            }
            let entity = Arc::clone(&self.entities[at]);
            let children = self.children.get(&entity.id);
            trace.nodes.push(Slot { entity, parent, children: Vec::new(), depth });
            waiting.extend(children.into_iter().flatten().rev().map(|&child| (child, Some(index))));
        }
    }
}
