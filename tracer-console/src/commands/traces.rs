//! `traces`: the traces that a filter expression finds, newest first.

use std::num::NonZeroUsize;

use super::Failure;
use super::chosen::some;
use super::endpoint::{Chosen, Endpoint};
use super::screen::Screen;
use super::summary_line;

#[derive(Debug, clap::Args)]
pub(crate) struct Traces {
    #[command(flatten)]
    chosen: Chosen,
    /// At most so many [default: 100]
    #[arg(long, value_name = "N", value_parser = some)]
    limit: Option<NonZeroUsize>,
    /// Print the summaries as X-Ray answers them, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

const USUAL: usize = 100;

impl Traces {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.chosen.check()?;
        let mut found = Vec::new();
        // One more than usual tells whether there are more.
        let wanted = self.limit.map_or(USUAL + 1, NonZeroUsize::get);
        self.endpoint.summaries(&self.chosen, |summary| {
            found.push(summary);
            found.len() < wanted
        })?;
        let has_more = self.limit.is_none() && found.len() > USUAL;
        if has_more {
            found.truncate(USUAL);
        }
        if self.json {
            found.iter().for_each(Screen::say_json);
        } else if !found.is_empty() {
            Screen::say(&summary_line::table(&found).to_string());
        }
        if found.is_empty() && !self.json {
            anstream::eprintln!("no trace matches");
        }
        if has_more {
            anstream::eprintln!("only the latest {USUAL}; --limit shows more");
        }
        Ok(())
    }
}
