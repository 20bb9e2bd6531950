//! The Lambda function's segment that never comes at home: AWS itself sends it, and here nobody does.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::inferred::function_name;
use super::measured::Measured;
use super::outcome::Outcome;
use super::service::{Identity, clip};
use crate::entity::{Entity, EntityKind};
use crate::trace::{Node, Trace};
use crate::trace_id::EntityId;

/// What a function is called whose documents do not say.
pub(super) const UNNAMED: &str = "lambda-function";
pub(super) const ORIGIN: &str = "AWS::Lambda::Function";

/// A function of which only subsegments arrived.
#[derive(Debug)]
pub(super) struct LambdaFunction<'t> {
    /// The id that the subsegments name as their parent: when the real segment comes it has this one.
    pub(super) id: EntityId,
    /// The subsegments that wait for it, the earliest first.
    pub(super) orphans: Vec<Node<'t>>,
    /// The best first, at least one.
    pub(super) names: Vec<Cow<'t, str>>,
}

impl<'t> LambdaFunction<'t> {
    pub(super) fn identity(&self) -> Identity<'t> {
        Identity { name: self.names[0].clone(), kind: Some(Cow::Borrowed(ORIGIN)), account: None }
    }

    /// It spans its subsegments; it failed as far as its own work did, and a call that failed may have been handled.
    pub(super) fn measured(&self) -> Measured<'t> {
        let start = self
            .orphans
            .iter()
            .map(|orphan| orphan.start())
            .min()
            .unwrap_or(crate::Timestamp::from_micros(0));
        let ends = self.orphans.iter().map(|orphan| orphan.end()).collect::<Option<Vec<_>>>();
        let own = self.orphans.iter().filter(|orphan| orphan.namespace().is_none());
        let outcome = own.fold(Outcome::default(), |outcome, node| outcome.or(Outcome::of(node.entity())));
        Measured::synthesised(start, ends.and_then(|ends| ends.into_iter().max()), outcome)
    }
}

/// The functions of a trace whose segment has not arrived: one for each missing parent of subsegments of Lambda.
pub(super) fn missing<'t>(trace: &'t Trace) -> Vec<LambdaFunction<'t>> {
    let mut functions = group(trace);
    if functions.is_empty() {
        return functions;
    }
    // A circle of parents has a root whose parent is there.
    let arrived: HashSet<_> = trace.nodes().map(|node| node.id()).collect();
    functions.retain(|function| !arrived.contains(&function.id));
    let evidence: Vec<_> = functions.iter().map(Evidence::of).collect();
    let only_name = only_name(&evidence);
    let named = functions.into_iter().zip(evidence).filter(|(_, evidence)| evidence.is_lambdas);
    let named = named.map(|(function, evidence)| {
        let names = match evidence.names() {
            names if names.is_empty() => vec![clip(Cow::Borrowed(only_name.unwrap_or(UNNAMED)))],
            names => names,
        };
        LambdaFunction { names, ..function }
    });
    named.collect()
}

fn group<'t>(trace: &'t Trace) -> Vec<LambdaFunction<'t>> {
    let mut functions = Vec::<LambdaFunction<'t>>::new();
    let mut known = HashMap::new();
    for orphan in trace.roots().filter(|root| root.is_orphan()) {
        let Some(id) = orphan.parent_id() else { continue };
        let at = *known.entry(id).or_insert_with(|| {
            functions.push(LambdaFunction { id, orphans: Vec::new(), names: Vec::new() });
            functions.len() - 1
        });
        functions[at].orphans.push(orphan);
    }
    functions
}

/// The name that all groups with a name share: after a kill, parts of one function may wait for different parents.
fn only_name<'t>(evidence: &[Evidence<'t>]) -> Option<&'t str> {
    let mut firsts = evidence.iter().filter_map(Evidence::first);
    let name = firsts.next()?;
    firsts.all(|other| other == name).then_some(name)
}

/// What the documents below a missing parent say of it.
#[derive(Debug, Default)]
struct Evidence<'t> {
    is_lambdas: bool,
    /// Values of the annotation `Service`.
    services: Vec<&'t str>,
    /// Names in `aws.function_arn` and `aws.function_name`.
    functions: Vec<&'t str>,
    /// Namespaces in which a handler's or method's response or error is kept.
    namespaces: Vec<&'t str>,
}

impl<'t> Evidence<'t> {
    fn of(function: &LambdaFunction<'t>) -> Self {
        let mut evidence = Self::default();
        let mut waiting: Vec<_> = function.orphans.iter().rev().copied().collect();
        while let Some(node) = waiting.pop() {
            evidence.read(node.entity());
            let nested = node.children().filter(|child| child.kind() == EntityKind::Subsegment);
            waiting.extend(nested.rev());
        }
        evidence
    }

    fn read(&mut self, entity: &'t Entity) {
        if entity.namespace().is_some() {
            return; // A call tells of the callee.
        }
        let traced_name = ["## ", "### "].into_iter().find_map(|mark| entity.name().strip_prefix(mark));
        let service = entity.annotation("Service").and_then(Value::as_str);
        let function =
            ["function_arn", "function_name"].into_iter().find_map(|key| entity.aws(key)?.as_str());
        let is_cold_start_known = entity.annotation("ColdStart").is_some_and(Value::is_boolean);
        self.is_lambdas |=
            traced_name.is_some() || service.is_some() || function.is_some() || is_cold_start_known;
        add(&mut self.services, service);
        add(&mut self.functions, function.map(function_name));
        add(&mut self.namespaces, traced_name.and_then(|name| result_namespace(entity, name)));
    }

    fn names(&self) -> Vec<Cow<'t, str>> {
        let mut names = Vec::new();
        for &name in self.services.iter().chain(&self.functions).chain(&self.namespaces) {
            add(&mut names, Some(name));
        }
        names.into_iter().map(|name| clip(Cow::Borrowed(name))).collect()
    }

    fn first(&self) -> Option<&'t str> {
        self.services.first().or(self.functions.first()).or(self.namespaces.first()).copied()
    }
}

/// So many names tell enough of one function; a hostile sender would write more.
const MOST_NAMES: usize = 8;

fn add<'t>(names: &mut Vec<&'t str>, name: Option<&'t str>) {
    let Some(name) = name.filter(|name| !name.is_empty() && *name != "service_undefined") else { return };
    if names.len() < MOST_NAMES && !names.contains(&name) {
        names.push(name);
    }
}

/// Powertools keeps what `handler` returned as `handler response` or `handler error` in the namespace of the service.
fn result_namespace<'t>(entity: &'t Entity, name: &str) -> Option<&'t str> {
    let is_result =
        |key: &str| [" response", " error"].into_iter().any(|suffix| key.strip_suffix(suffix) == Some(name));
    let mut namespaces = entity.metadata();
    let found = namespaces
        .find(|(_, value)| value.as_object().is_some_and(|values| values.keys().any(|key| is_result(key))));
    found.map(|(namespace, _)| namespace)
}
