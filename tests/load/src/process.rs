//! What a process takes: its time on the processors and its memory, as Linux says.

use std::time::Duration;

use anyhow::{Context, Result};

/// What the system counts processor time in, per second, wherever Linux runs.
const TICKS: u64 = 100;

/// The time of all threads of a process, in user space and in the kernel.
pub(crate) fn cpu(id: u32) -> Result<Duration> {
    let path = format!("/proc/{id}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    cpu_of(&text).with_context(|| format!("{path} has no times: {text}"))
}

/// That of this process, which is the sender.
pub(crate) fn own_cpu() -> Result<Duration> {
    cpu(std::process::id())
}

fn cpu_of(stat: &str) -> Option<Duration> {
    // Behind the program's name, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS))
}

/// In bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// With what is shared counted in parts.
    pub(crate) proportional: u64,
    /// What is only its own.
    pub(crate) private: u64,
}

pub(crate) fn memory(id: u32) -> Result<Memory> {
    let path = format!("/proc/{id}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    memory_of(&text).with_context(|| format!("{path} has no sizes: {text}"))
}

fn memory_of(rollup: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? << 10)
    };
    Some(Memory {
        resident: bytes("Rss:")?,
        proportional: bytes("Pss:")?,
        private: bytes("Private_Clean:")? + bytes("Private_Dirty:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_behind_a_name_that_may_hold_anything() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 4 0 100 1 1 1";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of("nonsense"), None);
    }

    #[test]
    fn the_sizes_are_kibibytes() {
        let rollup = "55d0-7ffc ---p 00000000 00:00 0  [rollup]\nRss:  12 kB\nPss:  7 kB\nPss_Dirty: 1 kB\n\
                      Private_Clean:  2 kB\nPrivate_Dirty:  3 kB\n";
        let expected = Memory { resident: 12 << 10, proportional: 7 << 10, private: 5 << 10 };
        assert_eq!(memory_of(rollup), Some(expected));
        assert_eq!(memory_of("Rss: many kB"), None);
    }
}
