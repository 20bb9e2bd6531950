//! P3: trees of any size and shape arrive whole, whatever the largest datagram is.

use std::collections::HashMap;
use std::fs;
use std::net::UdpSocket;

use proptest::prelude::*;
use tracer_runtime::{NotSent, Sink, Tracer, UdpSink, capture_lambda_handler, put_metadata, subsegment};
use tracer_tests::{Arrivals, Mailbox, PARENT, SAMPLED, Takings};

/// Takes no datagram over its limit, and does not say beforehand what that is.
#[derive(Debug)]
struct Narrow {
    limit: usize,
}

impl Sink for Narrow {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        if datagram.len() > self.limit { Err(NotSent::TooLarge) } else { Ok(()) }
    }
}

#[capture_lambda_handler(context = SAMPLED, tracer = tracer)]
fn handler(tracer: &Tracer, body: impl FnOnce()) {
    body();
}

/// A tree by its subsegments' parents: the first hangs on the handler, each other on one before it.
#[derive(Debug, Clone)]
struct Tree {
    parents: Vec<usize>,
    /// Each subsegment has a value of so many bytes.
    value: usize,
}

impl Tree {
    fn deep(size: usize) -> Self {
        Self { parents: (0..size).map(|at| at.saturating_sub(1)).collect(), value: 0 }
    }

    fn wide(size: usize) -> Self {
        Self { parents: vec![0; size], value: 0 }
    }

    fn mixed(size: usize, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let parents = (0..size).map(|at| if at == 0 { 0 } else { rng.usize(at.saturating_sub(40)..at) });
        Self { parents: parents.collect(), value: 0 }
    }

    fn with_values(self, value: usize) -> Self {
        Self { value, ..self }
    }

    /// How many subsegments it is, the handler's too.
    fn size(&self) -> usize {
        self.parents.len() + 1
    }

    fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.parents.len()];
        for (at, parent) in self.parents.iter().enumerate().skip(1) {
            children[*parent].push(at);
        }
        children
    }

    /// Records the tree, on a thread whose stack is deep enough for any.
    fn record(&self, tracer: Tracer) {
        let children = self.children();
        let record = move || handler(&tracer, || self.record_one(0, &children));
        std::thread::scope(|threads| {
            let deep = std::thread::Builder::new().stack_size(1 << 30);
            deep.spawn_scoped(threads, record).unwrap().join().unwrap();
        });
    }

    fn record_one(&self, at: usize, children: &[Vec<usize>]) {
        subsegment(&at.to_string(), || {
            if self.value > 0 {
                put_metadata("value", &"é".repeat(self.value / 2));
            }
            children[at].iter().for_each(|child| self.record_one(*child, children));
        });
    }

    /// Every subsegment arrived once, below its parent.
    fn assert_arrived(&self, arrivals: &Arrivals) {
        arrivals.assert_each_once();
        let complete: Vec<_> = arrivals.all.iter().filter(|arrival| arrival.is_complete).collect();
        assert_eq!(complete.len(), self.size(), "all of the tree, and the handler");
        let by_name: HashMap<_, _> =
            complete.iter().map(|arrival| (arrival.name.as_str(), arrival)).collect();
        assert_eq!(by_name["## handler"].parent_id, PARENT);
        assert_eq!(by_name["0"].parent_id, by_name["## handler"].id);
        for (at, parent) in self.parents.iter().enumerate().skip(1) {
            let (child, parent) = (by_name[at.to_string().as_str()], by_name[parent.to_string().as_str()]);
            assert_eq!(child.parent_id, parent.id, "the parent of {at}");
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let size = || prop_oneof![1..20_usize, 1..300_usize, 1..2_000_usize];
    let shape = prop_oneof![
        size().prop_map(Tree::deep),
        size().prop_map(Tree::wide),
        (size(), any::<u64>()).prop_map(|(size, seed)| Tree::mixed(size, seed)),
    ];
    (shape, prop_oneof![Just(0), 0..300_usize, 0..5_000_usize])
        .prop_map(|(tree, value)| tree.with_values(value))
}

/// Records a tree and sees it arrive through a sink that takes datagrams within `limit`.
fn assert_arrives_within(limit: usize, tree: &Tree) {
    let (tracer, takings) = Takings::of(Narrow { limit });
    tree.record(tracer);
    tree.assert_arrived(&takings.arrivals());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_arrives_whole_through_a_sink_of_any_limit(tree in trees(), limit in prop_oneof![1_100..3_000_usize, 1_100..70_000_usize]) {
        assert_arrives_within(limit, &tree);
    }

    #[test]
    fn any_tree_arrives_whole_over_a_socket(tree in trees()) {
        // As much as the kernel keeps for a reader that is late.
        let parents = tree.parents[..tree.parents.len().min(100)].to_vec();
        let tree = Tree { value: tree.value.min(100_000 / parents.len()), parents };
        let mailbox = Mailbox::start();
        let (tracer, takings) = Takings::of(mailbox.sink());
        tree.record(tracer);
        let sent = takings.datagrams();
        let received = mailbox.datagrams();
        prop_assert_eq!(received.len(), sent.len());
        tree.assert_arrived(&Arrivals::of(&received));
    }
}

#[test]
fn a_chain_of_fifty_thousand_arrives_whole() {
    assert_arrives_within(65_507, &Tree::deep(50_000));
}

#[test]
fn fifty_thousand_side_by_side_arrive_whole() {
    assert_arrives_within(65_507, &Tree::wide(50_000));
}

#[test]
fn fifty_thousand_in_a_mixed_tree_arrive_whole_through_a_narrow_sink() {
    assert_arrives_within(9_216, &Tree::mixed(50_000, 7).with_values(20));
}

/// What the kernel dropped at the socket of this port, where it says so.
fn dropped_at(port: u16) -> Option<usize> {
    let table = fs::read_to_string("/proc/net/udp").ok()?;
    let local = format!("0100007F:{port:04X}");
    let line = table.lines().find(|line| line.split_whitespace().nth(1) == Some(&local))?;
    line.split_whitespace().last()?.parse().ok()
}

/// Records a wide tree for a receiver that reads from the beginning, or from the end on only.
fn assert_only_the_kernel_drops(reads_at_once: bool) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (tracer, takings) = Takings::of(UdpSink::new(address.to_string().parse().unwrap()));
    let tree = Tree::wide(20_000).with_values(40);
    let early = reads_at_once.then(|| Mailbox::reading(socket.try_clone().unwrap()));
    tree.record(tracer);

    let taken = takings.datagrams().len();
    let dropped = dropped_at(address.port());
    let received = early.unwrap_or_else(|| Mailbox::reading(socket)).arrivals();
    received.assert_each_once();
    println!(
        "reads at once: {reads_at_once}; the kernel took {taken}, dropped {dropped:?}, gave {}",
        received.documents
    );
    assert!(received.documents > 0);
    if let Some(dropped) = dropped {
        assert_eq!(taken, received.documents + dropped);
    }
}

#[test]
fn what_a_receiver_misses_is_what_the_kernel_dropped() {
    assert_only_the_kernel_drops(true);
    assert_only_the_kernel_drops(false);
}
