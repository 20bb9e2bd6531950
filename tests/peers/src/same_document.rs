//! Sees that `limit` sends what `tracer` sends: a limit of other bytes would be a limit of something else.

use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::daemon::Daemon;
use crate::worker::in_lambda;

/// Fails unless both send the same but for ids and times.
pub(crate) fn check(daemon: &Daemon) -> Result<()> {
    for children in [1, 3] {
        let (limit, tracer) = (sent_by("limit", children, daemon)?, sent_by("tracer", children, daemon)?);
        if limit != tracer {
            bail!("`limit` and `tracer` send different documents:\n{limit}\n{tracer}");
        }
    }
    Ok(())
}

/// The document of a warm invocation of `case`, without its ids and times.
fn sent_by(case: &str, children: usize, daemon: &Daemon) -> Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["invoke", case, "--times", "2", "--children", &children.to_string()]);
    in_lambda(&mut command, daemon.address());
    ensure!(command.stdin(Stdio::null()).status()?.success(), "`{case}` failed");
    let received = daemon.received()?;
    ensure!(received.datagrams == 2, "`{case}` sent {} datagrams in 2 invocations", received.datagrams);
    Ok(without_ids_and_times(String::from_utf8(received.last)?))
}

/// Every digit of an own id and of a time is a zero, so that their lengths still count.
fn without_ids_and_times(document: String) -> String {
    let mut bytes = document.into_bytes();
    for key in [&b"\"id\":\""[..], b"\"start_time\":", b"\"end_time\":"] {
        let starts = bytes.windows(key.len()).enumerate().filter(|(_, window)| *window == key);
        for start in starts.map(|(at, _)| at + key.len()).collect::<Vec<_>>() {
            let digits =
                bytes[start..].iter_mut().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'.');
            digits.filter(|byte| **byte != b'.').for_each(|byte| *byte = b'0');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
