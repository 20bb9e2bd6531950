//! Services: the nodes of the service graph, each with a name, a type and an account.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::entity::Entity;

/// Which service it is, in one trace and across all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identity<'t> {
    pub(crate) name: Cow<'t, str>,
    /// X-Ray's `Type`.
    pub(crate) kind: Option<Cow<'t, str>>,
    pub(crate) account: Option<Cow<'t, str>>,
}

impl<'t> Identity<'t> {
    /// Who sent a segment.
    pub(super) fn of_reporter(segment: &'t Entity) -> Self {
        let kind = segment.origin().filter(|origin| !origin.is_empty()).map(Cow::Borrowed);
        Self { name: segment.name().into(), kind, account: account(segment) }.clipped()
    }

    /// X-Ray's names have 200 characters. Answers repeat them beside each value and user, so a name of megabytes, as only
    /// hostile senders write it, would become gigabytes.
    pub(super) fn clipped(self) -> Self {
        Self { name: clip(self.name), kind: self.kind.map(clip), account: self.account.map(clip) }
    }

    /// Who called the entry service: nobody that records anything.
    fn client_of(entry: &Self) -> Self {
        Self { name: entry.name.clone(), kind: Some(Cow::Borrowed(CLIENT)), account: None }
    }

    pub(super) fn into_owned(self) -> Identity<'static> {
        let owned = |text: Cow<'t, str>| Cow::Owned(text.into_owned());
        Identity { name: owned(self.name), kind: self.kind.map(owned), account: self.account.map(owned) }
    }
}

const CLIENT: &str = "client";

/// In bytes; no name of X-Ray is longer.
const LONGEST_NAME: usize = 1_024;

/// The beginning of a text that is too long for a name.
pub(super) fn clip(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST_NAME {
        return text;
    }
    let end = (0..=LONGEST_NAME).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
    }
}

/// The account that an entity says it belongs to.
pub(super) fn account(entity: &Entity) -> Option<Cow<'_, str>> {
    let own = entity.aws("account_id");
    let gateways = || entity.aws("api_gateway")?.get("account_id");
    own.or_else(gateways).and_then(Value::as_str).filter(|account| !account.is_empty()).map(Cow::Borrowed)
}

/// A service within a trace, by its position in `CompiledTrace::services`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ServiceId(pub(super) usize);

impl ServiceId {
    pub(crate) fn position(self) -> usize {
        self.0
    }
}

/// A node of the service graph as one trace knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service<'t> {
    identity: Identity<'t>,
    names: Vec<Cow<'t, str>>,
    /// Whether documents of its own arrived.
    is_active: bool,
    is_entry: bool,
}

impl<'t> Service<'t> {
    /// One that is known from before, with its other names.
    pub(crate) fn known(
        identity: Identity<'t>,
        others: Vec<Cow<'t, str>>,
        is_active: bool,
        is_entry: bool,
    ) -> Self {
        let names = std::iter::once(identity.name.clone()).chain(others).collect();
        Self { identity, names, is_active, is_entry }
    }

    pub(crate) fn identity(&self) -> &Identity<'t> {
        &self.identity
    }

    pub(crate) fn name(&self) -> &str {
        &self.identity.name
    }

    /// All of its names, [`Service::name`] first.
    pub(crate) fn names(&self) -> &[Cow<'t, str>] {
        &self.names
    }

    /// X-Ray's `Type`: the origin, `remote`, `client`; `None` for one that reports without an origin.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.identity.kind.as_deref()
    }

    pub(crate) fn account(&self) -> Option<&str> {
        self.identity.account.as_deref()
    }

    pub(crate) fn is_client(&self) -> bool {
        self.kind() == Some(CLIENT)
    }

    /// Whether documents of its own arrived.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Whether requests enter the trace here.
    pub(crate) fn is_entry(&self) -> bool {
        self.is_entry
    }

    fn add_name(&mut self, name: Cow<'t, str>) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

/// The services of a trace, each once.
#[derive(Debug, Default)]
pub(super) struct Services<'t> {
    all: Vec<Service<'t>>,
    known: HashMap<Identity<'t>, ServiceId>,
}

impl<'t> Services<'t> {
    /// The service of one of its own documents.
    pub(super) fn active(&mut self, identity: Identity<'t>) -> ServiceId {
        let id = self.passive(identity);
        self.all[id.0].is_active = true;
        id
    }

    /// A service that is only known from others.
    pub(super) fn passive(&mut self, identity: Identity<'t>) -> ServiceId {
        if let Some(&id) = self.known.get(&identity) {
            return id;
        }
        let id = ServiceId(self.all.len());
        let names = vec![identity.name.clone()];
        self.known.insert(identity.clone(), id);
        self.all.push(Service { identity, names, is_active: false, is_entry: false });
        id
    }

    /// Requests enter the trace at `id`: the client node that sends them.
    pub(super) fn enter(&mut self, id: ServiceId) -> ServiceId {
        let entry = &mut self.all[id.0];
        entry.is_entry = true;
        let client = Identity::client_of(&entry.identity);
        self.passive(client)
    }

    pub(super) fn add_names(&mut self, id: ServiceId, names: &[Cow<'t, str>]) {
        for name in names {
            self.all[id.0].add_name(name.clone());
        }
    }

    pub(super) fn into_vec(self) -> Vec<Service<'t>> {
        self.all
    }
}
