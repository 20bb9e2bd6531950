//! The file against a model that is a few lists: whatever is appended, loaded and settled, and whenever the power fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;

use super::file::QueueFile;
use super::queued::{Number, TargetId, Verdict};
use crate::forward::ledger::{Fate, Ledger};

const BOUND: u64 = 160 << 10;
const NAMES: [&str; 2] = ["aws", "otlp+http://127.0.0.1:4318"];

#[derive(Debug, Clone)]
enum Step {
    /// Documents of these lengths.
    Append(Vec<usize>),
    /// Loads at most so many for a target, and settles those whose bit is set.
    Send { target: usize, most: usize, settled: u64 },
    /// Tells the fate of documents that were loaded before and perhaps dropped since.
    SettleLate { target: usize },
    /// The program is killed: the file is what it is at this moment.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lengths = prop_oneof![4 => 1..2_000_usize, 1 => 2_000..50_000_usize];
    let step = prop_oneof![
        4 => vec(lengths, 0..12).prop_map(Step::Append),
        4 => (0..NAMES.len(), 1..8_usize, any::<u64>())
            .prop_map(|(target, most, settled)| Step::Send { target, most, settled }),
        1 => (0..NAMES.len()).prop_map(|target| Step::SettleLate { target }),
        1 => Just(Step::Crash),
    ];
    vec(step, 0..40)
}

/// What ought to be.
#[derive(Debug, Default)]
struct Model {
    texts: BTreeMap<Number, String>,
    waiting: BTreeMap<TargetId, BTreeSet<Number>>,
    received: u64,
    /// Loaded and neither settled nor known to be dropped.
    under_way: BTreeMap<TargetId, Vec<Number>>,
}

struct Run {
    home: tempfile::TempDir,
    path: PathBuf,
    file: QueueFile,
    ledger: Ledger,
    model: Model,
    crashes: usize,
}

impl Run {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("0.db");
        let file = QueueFile::open(&path, BOUND, &NAMES).unwrap();
        let mut model = Model::default();
        for target in file.targets() {
            model.waiting.insert(*target, BTreeSet::new());
        }
        let ledger =
            Ledger::open(file.targets().iter().zip(NAMES).map(|(id, name)| (*id, name.to_owned(), 0)));
        Self { home, path, file, ledger, model, crashes: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append(lengths) => self.append(lengths),
            Step::Send { target, most, settled } => self.send(self.file.targets()[*target], *most, *settled),
            Step::SettleLate { target } => {
                let target = self.file.targets()[*target];
                let late = self.model.under_way.remove(&target).unwrap_or_default();
                self.settle(target, late);
            }
            Step::Crash => self.crash(),
        }
    }

    fn append(&mut self, lengths: &[usize]) {
        let first = self.file.last() + 1;
        let texts: Vec<_> =
            (first..).zip(lengths).map(|(number, len)| format!("{number} {}", "x".repeat(*len))).collect();
        let (drops, _) = self.file.work(&texts, &[]).unwrap();
        self.model.received += texts.len() as u64;
        for (number, text) in (first..).zip(texts.iter().cloned()) {
            self.model.texts.insert(number, text);
            self.model.waiting.values_mut().for_each(|waiting| waiting.extend([number]));
        }
        self.ledger.receive(texts.len() as u64);
        // Only the oldest may go, and the file says how many.
        for (target, dropped) in drops {
            self.ledger.drop_oldest(target, dropped);
            let waiting = self.model.waiting.get_mut(&target).unwrap();
            let oldest: Vec<_> = waiting.iter().copied().take(usize::try_from(dropped).unwrap()).collect();
            waiting.retain(|number| !oldest.contains(number));
        }
        assert!(self.file.used() <= BOUND, "{} bytes are in use", self.file.used());
    }

    fn send(&mut self, target: TargetId, most: usize, settled: u64) {
        let waiting = &self.model.waiting[&target];
        let loaded = self.file.load(target, 0, most, 60_000).unwrap();
        let numbers: Vec<_> = loaded.documents.iter().map(|queued| queued.number).collect();
        let expected: Vec<_> = waiting.iter().copied().take(numbers.len()).collect();
        assert_eq!(numbers, expected, "the oldest that wait, in their order");
        assert!(!numbers.is_empty() || waiting.is_empty());
        if numbers.len() < most
            && loaded.documents.iter().map(|queued| queued.text.len()).sum::<usize>() < 10_000
        {
            assert_eq!(numbers.len(), waiting.len());
            assert_eq!(loaded.up_to, self.file.last());
        }
        for queued in &loaded.documents {
            assert_eq!(*queued.text, *self.model.texts[&queued.number]);
        }
        assert_eq!(self.file.reload(target, &numbers).unwrap(), loaded.documents);
        let (done, later): (Vec<_>, Vec<_>) =
            numbers.into_iter().partition(|number| settled >> (number % 64) & 1 == 1);
        self.settle(target, done);
        self.model.under_way.insert(target, later);
    }

    fn settle(&mut self, target: TargetId, numbers: Vec<Number>) {
        let waiting = self.model.waiting.get_mut(&target).unwrap();
        let waited = numbers.iter().filter(|number| waiting.remove(number)).count() as u64;
        let count = numbers.len() as u64;
        let verdict = Verdict { target, fate: Fate::Sent, numbers };
        let (_, settled) = self.file.work(Vec::<String>::new(), &[verdict]).unwrap();
        assert_eq!(settled, [waited]);
        self.ledger.settle(target, Fate::Sent, count, waited);
        self.model.under_way.remove(&target);
    }

    /// Goes on with a copy of the files as they are, which is what a killed program leaves behind.
    fn crash(&mut self) {
        self.crashes += 1;
        let path = self.home.path().join(format!("{}.db", self.crashes));
        for suffix in ["", "-wal"] {
            let of = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if of(&self.path).exists() {
                std::fs::copy(of(&self.path), of(&path)).unwrap();
            }
        }
        let before = self.file.targets().to_vec();
        self.file = QueueFile::open(&path, BOUND, &NAMES).unwrap();
        self.path = path;
        assert_eq!(self.file.targets(), before);
        // Nobody remembers what was under way: it still waits.
        self.model.under_way.clear();
    }

    fn check(&self) {
        let waiting = self.file.waiting().unwrap();
        let expected: BTreeMap<_, _> =
            self.model.waiting.iter().map(|(target, numbers)| (*target, numbers.len() as u64)).collect();
        assert_eq!(waiting.of_targets, expected);
        assert!(waiting.of_others.is_empty());
        let counts = self.ledger.counts();
        for (target, numbers) in counts.targets.iter().zip(self.model.waiting.values()) {
            assert_eq!(target.waiting, numbers.len() as u64);
            assert_eq!(target.sent + target.dropped + target.waiting, self.model.received, "{target}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_but_what_is_counted_whatever_happens(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
            run.check();
        }
    }
}

#[test]
fn a_new_target_has_everything_that_waits_and_an_absent_one_is_named() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("forward.db");
    let mut file = QueueFile::open(&path, BOUND, &["a", "b"]).unwrap();
    file.work(["1", "2", "3"], &[]).unwrap();
    let verdict = Verdict { target: file.targets()[0], fate: Fate::Sent, numbers: vec![1] };
    file.work(Vec::<String>::new(), &[verdict]).unwrap();
    drop(file);
    let file = QueueFile::open(&path, BOUND, &["c", "a"]).unwrap();
    let waiting = file.waiting().unwrap();
    let of_named: Vec<_> = file.targets().iter().map(|target| waiting.of_targets[target]).collect();
    assert_eq!((of_named, waiting.of_others), (vec![3, 2], vec![("b".to_owned(), 3)]));
}

#[test]
fn space_is_given_back_once_the_far_end_has_everything() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("forward.db");
    let mut file = QueueFile::open(&path, 64 << 20, &["a"]).unwrap();
    let text = "x".repeat(2_000);
    for _ in 0..10 {
        file.work(std::iter::repeat_n(&text, 1_000), &[]).unwrap();
    }
    let full = file.used();
    let verdict = Verdict { target: file.targets()[0], fate: Fate::Sent, numbers: (1..=10_000).collect() };
    file.work(Vec::<String>::new(), &[verdict]).unwrap();
    while file.tidy().unwrap() {}
    drop(file);
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(full > 20_000_000 && size < full / 3, "{full} bytes were used, and {size} are taken");
}
