//! Instructions in user space, of all threads, as callgrind counts them.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::case::{Case, Work};
use crate::worker::in_lambda;

/// Whether they can be counted here.
pub(crate) fn are_countable() -> bool {
    let status =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Of one invocation: what so many more of them cost, so that neither start nor warming up is in it. `None` where the
/// case is no program of machine code.
pub(crate) fn of_one(case: &Case, children: usize, daemon: SocketAddr) -> Result<Option<u64>> {
    if !matches!(case.work, Work::Rust(_)) {
        return Ok(None);
    }
    let times = (3000 / (children as u64 + 2)).max(30);
    let few = of_process(case, children, times, daemon)?;
    let many = of_process(case, children, 2 * times, daemon)?;
    Ok(Some(many.saturating_sub(few) / times))
}

fn of_process(case: &Case, children: usize, times: u64, daemon: SocketAddr) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // The start of a process is not the same each time: some clock is calibrated there.
        .arg("--zero-before=*worker::invoke_warm*")
        .arg(std::env::current_exe()?)
        .args(["invoke", case.name, "--children", &children.to_string(), "--times", &times.to_string()]);
    in_lambda(&mut command, daemon);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` under valgrind: {said}", case.name);
    let collected =
        said.lines().find_map(|line| line.split_once("Collected :")).context("no count by callgrind")?;
    Ok(collected.1.trim().parse()?)
}
