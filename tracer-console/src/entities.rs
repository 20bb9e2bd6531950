//! The segments and subsegments of one trace, merged from its documents as they arrive.

use std::collections::HashMap;
use std::sync::Arc;

use crate::entity::Entity;
use crate::trace_id::EntityId;

/// One entity for each id: complete replaces in progress whatever the order, and of two complete ones the later counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entities(HashMap<EntityId, Arc<Entity>>);

impl Entities {
    pub(crate) fn upsert(&mut self, entity: impl Into<Arc<Entity>>) {
        let entity = entity.into();
        let is_complete = |old: &Arc<Entity>| !old.is_in_progress();
        if entity.is_in_progress() && self.0.get(&entity.id).is_some_and(is_complete) {
            return;
        }
        self.0.insert(entity.id, entity);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.0.values()
    }

    pub(crate) fn to_vec(&self) -> Vec<Arc<Entity>> {
        self.0.values().cloned().collect()
    }
}
