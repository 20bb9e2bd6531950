//! Where this was measured.

use crate::daemon::Daemon;

/// The facts in one line.
pub(crate) fn line(daemon: &Daemon) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = rustc_version_runtime::version();
    let (os, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let clock = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let clock = clock.as_deref().map_or("unknown", str::trim);
    let queue = daemon.queue >> 10;
    format!("{cores} cores · {machine} {os} · rustc {rustc} · clock {clock} · receive queue {queue} KiB")
}

/// The version of a crate that is measured: the newest where the lock has more than one, as others may bring older ones.
pub(crate) fn version_of(package: &str) -> Option<&'static str> {
    let name = format!("name = \"{package}\"\nversion = \"");
    let (_, after) = include_str!("../Cargo.lock").rsplit_once(&name)?;
    after.split('"').next()
}
