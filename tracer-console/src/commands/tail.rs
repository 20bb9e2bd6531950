//! `tail`: the traces that arrive, as they do.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Failure;
use super::changes::{Changes, Found};
use super::chosen::{self, Chosen, some};
use super::endpoint::{CallError, Endpoint};
use super::screen::Screen;
use super::serve::interrupted;
use super::stored;
use super::summary_line::Lines;
use super::time::{duration, some_time};

#[derive(Debug, clap::Args)]
pub(crate) struct Tail {
    /// Only traces that a filter expression finds, such as 'fault'
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
    /// Begin with the traces of the last time, such as 15m
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    last: Option<Duration>,
    /// End after so many traces [default: go on until Ctrl-C]
    #[arg(long, value_name = "N", value_parser = some)]
    count: Option<NonZeroUsize>,
    /// Show a trace when nothing more of it has come for so long
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    quiet_for: Duration,
    /// Draw each trace instead of a line
    #[arg(long, conflicts_with = "json")]
    draw: bool,
    /// Print each trace's summary as X-Ray answers it, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    screen: Screen,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Changes are gathered for so long: who reads is no faster.
const GATHERING: Duration = Duration::from_millis(100);
/// How often a console that has gone is looked for.
const AGAIN: Duration = Duration::from_secs(1);
/// An hour, or any other long time.
const LONG: Duration = Duration::from_secs(3600);

impl Tail {
    pub(crate) fn run(self) -> Result<(), Failure> {
        chosen::check(&self.filter)?;
        let (done, ended) = mpsc::channel();
        let interrupt = done.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("interrupt".into()).spawn(move || {
            runtime.block_on(interrupted());
            let _ = interrupt.send(Ok(()));
        })?;
        std::thread::Builder::new().name("tail".into()).spawn(move || {
            let _ = done.send(self.follow());
        })?;
        Ok(ended.recv()??)
    }

    fn follow(&self) -> Result<(), CallError> {
        let mut changes = Changes::begin(&self.endpoint, &self.filter)?;
        let mut shown = Shown {
            tail: self,
            lines: Lines::new(self.last.unwrap_or_default()),
            recent: HashMap::new(),
            told: HashSet::new(),
        };
        if !self.json && !self.draw {
            Screen::say(&shown.lines.heading());
        }
        if let Some(last) = self.last {
            shown.show_recent(last)?;
        }
        let mut waiting = Waiting::default();
        let mut has_gone = false;
        while !shown.is_enough() {
            let turn = self.turn(&mut changes, &mut waiting, &mut shown);
            match turn {
                Err(CallError::Unreachable { endpoint, .. } | CallError::Late { endpoint }) if !has_gone => {
                    anstream::eprintln!("{endpoint} has gone; waiting until it is back");
                    has_gone = true;
                }
                Err(CallError::Unreachable { .. } | CallError::Late { .. }) => std::thread::sleep(AGAIN),
                turn => {
                    turn?;
                    has_gone = false;
                }
            }
        }
        Ok(())
    }

    /// Waits for changes, and shows what has been quiet long enough.
    fn turn(
        &self,
        changes: &mut Changes<'_>,
        waiting: &mut Waiting,
        shown: &mut Shown<'_>,
    ) -> Result<(), CallError> {
        let due = waiting.next_due(self.quiet_for);
        waiting.changed(changes.next(due.unwrap_or(LONG))?);
        let quiet = waiting.take_quiet(self.quiet_for);
        let found = changes.found(&quiet).inspect_err(|_| waiting.changed(quiet.clone()))?;
        shown.show_all(&found)?;
        if !shown.is_enough() {
            std::thread::sleep(GATHERING);
        }
        Ok(())
    }
}

/// Traces that changed, by their ids, and when they last did.
#[derive(Debug, Default)]
struct Waiting(HashMap<String, Instant>);

impl Waiting {
    fn changed(&mut self, ids: Vec<String>) {
        let now = Instant::now();
        self.0.extend(ids.into_iter().map(|id| (id, now)));
    }

    /// How long until the next one has been quiet long enough.
    fn next_due(&self, quiet: Duration) -> Option<Duration> {
        self.0.values().min().map(|changed| quiet.saturating_sub(changed.elapsed()))
    }

    /// Those that have been quiet long enough, in the order of their last change.
    fn take_quiet(&mut self, quiet: Duration) -> Vec<String> {
        let mut due: Vec<_> = self.0.extract_if(|_, changed| changed.elapsed() >= quiet).collect();
        due.sort_by_key(|(_, changed)| *changed);
        due.into_iter().map(|(id, _)| id).collect()
    }
}

/// What is shown, and how much more is.
struct Shown<'t> {
    tail: &'t Tail,
    lines: Lines,
    /// Those of the last time: what arrived while they were asked for is told as a change, too.
    recent: HashMap<String, Value>,
    /// The ids of the traces that were shown, where they are counted: one that goes on is shown again.
    told: HashSet<String>,
}

impl Shown<'_> {
    /// Also where whoever read it has gone.
    fn is_enough(&self) -> bool {
        self.tail.count.is_some_and(|count| self.told.len() >= count.get()) || !Screen::is_heard()
    }

    fn show_recent(&mut self, last: Duration) -> Result<(), CallError> {
        let mut recent = Vec::new();
        self.tail.endpoint.summaries(&Chosen::last(last, &self.tail.filter), |summary| {
            recent.push(summary);
            true
        })?;
        for summary in recent.into_iter().rev() {
            self.show(&summary)?;
            self.recent.insert(id(&summary).to_owned(), summary);
        }
        Ok(())
    }

    fn show_all(&mut self, traces: &[Found]) -> Result<(), CallError> {
        for Found { summary, .. } in traces {
            if self.recent.remove(id(summary)).as_ref() != Some(summary) {
                self.show(summary)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, summary: &Value) -> Result<(), CallError> {
        if self.is_enough() {
            return Ok(());
        }
        if self.tail.count.is_some() {
            self.told.insert(id(summary).to_owned());
        }
        if self.tail.json {
            Screen::say_json(summary);
        } else if self.tail.draw {
            for trace in stored::traces(&self.tail.endpoint, &[id(summary).to_owned()])? {
                trace.draw(self.tail.screen);
            }
        } else {
            Screen::say(&self.lines.line(summary));
        }
        Ok(())
    }
}

fn id(summary: &Value) -> &str {
    summary["Id"].as_str().unwrap_or_default()
}
