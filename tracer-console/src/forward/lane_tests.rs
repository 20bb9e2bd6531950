use super::*;

const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// A lane whose clock is set by hand.
struct Clocked {
    state: State,
    now: Instant,
}

impl Clocked {
    fn new(last: Number) -> Self {
        let lane = Lane::new(BACKOFF);
        lane.resume(last);
        Self { state: lane.state.into_inner().unwrap(), now: Instant::now() }
    }

    fn later(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn next(&mut self) -> Next {
        self.state.next(self.now)
    }

    /// Appends up to this document.
    fn append(&mut self, last: Number) {
        self.state.appended(last, self.now);
    }

    /// Loads what must be there to be loaded.
    fn load(&mut self) -> Batch {
        let Next::Task(Task::Load { after }) = self.next() else { panic!("nothing to be loaded") };
        let up_to = self.state.last.min(after + FULL as Number);
        self.state.loaded(up_to, self.now);
        Batch { numbers: (after + 1..=up_to).collect(), failures: 0 }
    }

    fn answer(&mut self) {
        self.state.finished(self.now, Outcome::Answered(Vec::new()), self.now);
    }

    /// What was begun a moment ago fails.
    fn fail(&mut self, batch: Batch) {
        let began = self.now - Duration::from_millis(10);
        self.state.finished(began, Outcome::Failed(vec![batch], None), self.now);
    }

    /// Waits until the pause is over.
    fn wait(&mut self) {
        let Next::Wait(Some(until)) = self.next() else { panic!("no pause") };
        self.now = until;
    }
}

fn is_waiting(next: &Next) -> bool {
    matches!(next, Next::Wait(_))
}

#[test]
fn a_full_batch_goes_at_once_and_a_partial_one_after_a_second() {
    let mut lane = Clocked::new(0);
    assert_eq!(lane.next(), Next::Wait(None));
    lane.append(49);
    let second = lane.now + GATHERING;
    assert_eq!(lane.next(), Next::Wait(Some(second)));
    lane.append(53);
    assert_eq!(lane.load().numbers.len(), 50);
    assert!(is_waiting(&lane.next()), "three are left over, and gather");
    lane.later(1_000);
    assert_eq!(lane.load().numbers, [51, 52, 53]);
    assert_eq!(lane.next(), Next::Wait(None));
}

#[test]
fn what_waits_from_an_earlier_time_goes_at_once() {
    let mut lane = Clocked::new(3);
    assert_eq!(lane.load().numbers, [1, 2, 3]);
}

#[test]
fn several_batches_are_under_way_together_but_loaded_one_after_the_other() {
    let mut lane = Clocked::new(0);
    lane.append(150);
    assert_eq!(lane.next(), Next::Task(Task::Load { after: 0 }));
    assert!(is_waiting(&lane.next()));
    lane.state.loaded(50, lane.now);
    assert_eq!(lane.load().numbers[0], 51);
    assert_eq!(lane.load().numbers[0], 101);
    assert_eq!(lane.state.under_way, 3);
}

#[test]
fn after_a_failure_the_lane_pauses_and_then_tries_with_one_batch_until_it_gets_through() {
    let mut lane = Clocked::new(500);
    let [first, second] = [lane.load(), lane.load()];
    lane.fail(first);
    lane.fail(second);
    assert_eq!(lane.state.failures, 1, "they were under way together");
    lane.wait();
    let one = lane.next();
    if let Next::Task(Task::Load { after }) = one {
        lane.state.loaded(after + FULL as Number, lane.now);
    }
    assert!(matches!(one, Next::Task(_)));
    assert_eq!(lane.state.under_way, 1);
    assert!(is_waiting(&lane.next()), "nobody else before it is known how that one came out");
    lane.answer();
    assert!(matches!(lane.next(), Next::Task(_)));
}

#[test]
fn a_batch_that_always_fails_holds_nobody_up() {
    let mut lane = Clocked::new(50);
    let poison = lane.load();
    lane.fail(poison.clone());
    let (mut others, mut tries) = (0, 0);
    for _ in 0..200 {
        lane.append(lane.state.last + 50);
        match lane.next() {
            Next::Task(Task::Again(batch)) => {
                assert_eq!(batch.numbers, poison.numbers);
                tries += 1;
                lane.later(10);
                lane.fail(batch);
            }
            Next::Task(Task::Load { after }) => {
                lane.state.loaded(after + 50, lane.now);
                others += 1;
                lane.answer();
            }
            Next::Wait(Some(until)) => lane.now = until,
            other => panic!("{other:?}"),
        }
        lane.later(100);
    }
    assert!(others > 100 && tries > 1, "{others} others, {tries} tries");
}

#[test]
fn what_the_far_end_asks_for_is_waited() {
    let mut lane = Clocked::new(1);
    let batch = lane.load();
    let asked = Duration::from_secs(600);
    lane.state.finished(lane.now, Outcome::Failed(vec![batch], Some(asked)), lane.now);
    let Next::Wait(Some(until)) = lane.next() else { panic!("it is asked at once") };
    assert!(until >= lane.now + asked);
}

#[test]
fn what_is_to_be_tried_again_without_a_wait_is_tried_first() {
    let mut lane = Clocked::new(200);
    let batch = lane.load();
    let halves: Vec<_> =
        batch.numbers.chunks(25).map(|half| Batch { numbers: half.to_vec(), failures: 0 }).collect();
    lane.state.finished(lane.now, Outcome::Answered(halves.clone()), lane.now);
    assert_eq!(lane.next(), Next::Task(Task::Again(halves[0].clone())));
    assert_eq!(lane.next(), Next::Task(Task::Again(halves[1].clone())));
    assert_eq!(lane.next(), Next::Task(Task::Load { after: 50 }));
}

#[test]
fn when_it_stops_what_is_there_goes_and_nothing_is_waited_for() {
    let mut lane = Clocked::new(0);
    lane.append(7);
    lane.state.stopping = Some(lane.now + Duration::from_secs(5));
    assert_eq!(lane.load().numbers.len(), 7);
    lane.answer();
    assert_eq!(lane.next(), Next::Over);
}

#[test]
fn when_it_stops_while_the_far_end_fails_or_for_too_long_it_is_over_at_once() {
    let mut lane = Clocked::new(100);
    let batch = lane.load();
    lane.state.stopping = Some(lane.now + Duration::from_secs(5));
    lane.fail(batch);
    assert_eq!(lane.next(), Next::Over);
    let mut lane = Clocked::new(100);
    lane.state.stopping = Some(lane.now);
    assert_eq!(lane.next(), Next::Over);
}
