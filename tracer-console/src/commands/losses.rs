//! Datagrams that are lost: said as it happens, and what to do about it.

use std::time::{Duration, Instant};

use serde_json::json;
use tracer_console::{Console, ReceiverCounts};

use super::screen::Screen;

/// How often the kernel is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Who goes on losing is told no oftener.
const PAUSE: Duration = Duration::from_secs(10);
/// A buffer below this holds a few milliseconds of what a fast sender sends.
const SMALL: usize = 4 << 20;
/// What the receiver asks for.
const WANTED: usize = 48 << 20;

/// What was lost until it was last said.
#[derive(Debug)]
pub(super) struct Losses {
    said: Lost,
    next: Instant,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lost {
    in_kernel: u64,
    waiting: u64,
}

impl Losses {
    /// Says what is lost from now on.
    pub(super) fn new() -> Self {
        Self { said: Lost::default(), next: Instant::now() }
    }

    /// Looks whether anything was lost, and says so.
    pub(super) fn look(&mut self, console: &Console, json: bool) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let lost = Lost::of(&console.counts());
        self.next = now + EVERY;
        if lost != self.said {
            let more = lost.since(self.said);
            if json {
                let lost = json!({"in_kernel": more.in_kernel, "waiting": more.waiting});
                Screen::say(&json!({ "lost": lost }).to_string());
            } else {
                anstream::eprintln!("{}", more.words(console.granted_buffer()));
            }
            (self.said, self.next) = (lost, now + PAUSE);
        }
    }
}

impl Lost {
    fn of(counts: &ReceiverCounts) -> Self {
        Self { in_kernel: counts.dropped_by_kernel.unwrap_or_default(), waiting: counts.dropped }
    }

    fn since(self, earlier: Self) -> Self {
        // Sockets that share a port are counted together, and one may have gone.
        Self {
            in_kernel: self.in_kernel.saturating_sub(earlier.in_kernel),
            waiting: self.waiting.saturating_sub(earlier.waiting),
        }
    }

    fn words(self, buffer: usize) -> String {
        let mut parts = Vec::new();
        if self.in_kernel > 0 {
            let remedy = hint(buffer).map_or_else(String::new, |hint| format!("; {hint}"));
            parts
                .push(format!("{} found the kernel's buffer of {buffer} bytes full{remedy}", self.in_kernel));
        }
        if self.waiting > 0 {
            parts.push(format!("{} came faster than they can be kept", self.waiting));
        }
        format!("lost {} datagrams: {}", self.in_kernel + self.waiting, parts.join("; "))
    }
}

/// What to say at the start of a buffer that loses what a burst brings.
pub(super) fn warning(buffer: usize) -> Option<String> {
    (buffer < SMALL).then(|| {
        let remedy = hint(buffer).map_or_else(String::new, |hint| format!("; {hint}"));
        format!("the kernel grants a buffer of {buffer} bytes for datagrams: a burst may not find room in it{remedy}")
    })
}

/// How the kernel is told to grant more, where it is known and helps.
fn hint(buffer: usize) -> Option<String> {
    let is_less = buffer < 2 * WANTED;
    (cfg!(target_os = "linux") && is_less)
        .then(|| format!("`sudo sysctl -w net.core.rmem_max={WANTED}` and a new start let it be larger"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_how_many_were_lost_where_and_what_helps() {
        let lost = Lost { in_kernel: 1_200, waiting: 34 };
        let said = lost.since(Lost { in_kernel: 200, waiting: 0 }).words(425_984);
        assert!(
            said.starts_with("lost 1034 datagrams: 1000 found the kernel's buffer of 425984 bytes full; ")
        );
        assert!(said.ends_with("; 34 came faster than they can be kept"), "{said}");
        assert_eq!(said.contains("net.core.rmem_max=50331648"), cfg!(target_os = "linux"));
        let said = Lost { in_kernel: 5, waiting: 0 }.words(100_663_296);
        assert_eq!(said, "lost 5 datagrams: 5 found the kernel's buffer of 100663296 bytes full");
    }

    #[test]
    fn a_small_buffer_is_warned_of_at_the_start() {
        assert!(warning(425_984).unwrap().contains("425984"));
        assert_eq!(warning(8 << 20), None);
    }
}
