//! The tests over TLS, which is not in what is built by default: cargo builds the console with it, and runs them.

use std::path::Path;
use std::process::Command;

#[test]
fn what_is_forwarded_and_asked_over_tls_is_tested_too() {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // As the whole workspace is built: so little is built anew.
    cargo.args(["test", "--quiet", "--workspace", "--features", "tracer-console/https", "--test", "forward"]);
    cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    let output = cargo.args(["--", "tls::"]).output().expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let passed = said.split(" passed").next().and_then(|said| said.rsplit(' ').next()).unwrap_or_default();
    assert!(passed.parse::<usize>().is_ok_and(|passed| passed > 0), "{said}");
}
