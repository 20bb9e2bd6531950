//! Runs a script of this directory whose tracers and clients of X-Ray speak to a console.

use std::net::SocketAddr;
use std::path::Path;

use tracer_tests_python::Python;

/// An interpreter that has what a script needs.
pub(crate) struct Interpreter(Python);

impl Interpreter {
    /// One that has all of these modules; where there is none the test is to be skipped.
    pub(crate) fn with(modules: &[&str]) -> Option<Self> {
        Python::for_test(modules).map(Self)
    }

    /// What a script prints.
    #[allow(dead_code, reason = "not every test that shares this file has such a script")]
    pub(crate) fn script(&self, console: SocketAddr, script: &str, variables: &[(&str, &str)]) -> String {
        self.script_with(console, script, &[], variables)
    }

    /// What a script prints with these arguments.
    pub(crate) fn script_with(
        &self,
        console: SocketAddr,
        script: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
        self.run(console, &[&[script.to_str().unwrap()], arguments].concat(), variables)
    }

    /// What Python prints with these arguments.
    pub(crate) fn run(&self, console: SocketAddr, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = self.0.command();
        command.args(arguments);
        command.env("AWS_ENDPOINT_URL_XRAY", format!("http://{console}"));
        command.env("AWS_XRAY_DAEMON_ADDRESS", console.to_string());
        command.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]);
        command.envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_REGION", "us-east-1")]);
        command.envs([("TZ", "UTC"), ("PYTHONDONTWRITEBYTECODE", "1")]);
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
