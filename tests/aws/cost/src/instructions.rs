//! Instructions in user space, as callgrind counts them.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::case::{CALLS, Case};

const TIMES: u32 = 50;

/// Of one call: what so many more invocations cost, so that neither start nor warming up is in it. `None` without valgrind.
pub(crate) fn of_one_call(case: Case) -> Result<Option<u64>> {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !valgrind.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let more = of_process(case, 2 * TIMES)?.saturating_sub(of_process(case, TIMES)?);
    Ok(Some(more / u64::from(TIMES * CALLS)))
}

fn of_process(case: Case, times: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--zero-before=*invoke_warm*"])
        .arg(std::env::current_exe()?)
        .args([case.name(), &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} under valgrind: {said}", case.name());
    let collected =
        said.lines().find_map(|line| line.split_once("Collected :")).context("no count by callgrind")?;
    Ok(collected.1.trim().parse()?)
}
