//! What is generated from the commands' definitions: completions and the manual.

use std::process::{Command, Stdio};

use tracer_tests_python::skipped;

use crate::serving::program;

fn said(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every command, as the help lists them.
pub(crate) fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.trim().is_empty());
    let names: Vec<_> = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect();
    assert!(["serve", "tail", "wait", "map"].iter().all(|name| names.iter().any(|known| known == name)));
    names
}

/// What a program says of what it is given, if it is there.
fn checked(program: &str, arguments: &[&str], input: &str) -> Option<(bool, String)> {
    use std::io::Write as _;
    let mut check = Command::new(program);
    check.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let Ok(mut process) = check.spawn() else {
        skipped(&format!("no {program}"));
        return None;
    };
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    let output = process.wait_with_output().unwrap();
    Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn every_shell_gets_a_script_that_knows_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{command} is not in that of {shell}");
        }
    }
    let output = program().args(["completions", "nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn bash_takes_its_script() {
    if let Some((is_fine, said)) = checked("bash", &["-n"], &said(&["completions", "bash"])) {
        assert!(is_fine && said.is_empty(), "{said}");
    }
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = said(&["completions", "bash"]);
    let complete = |words: &str, at: usize| {
        format!(
            "{script}\nCOMP_WORDS=({words})\nCOMP_CWORD={at}\n_tracer__console tracer-console \"${{COMP_WORDS[{at}]}}\" x\nprintf '%s\\n' \"${{COMPREPLY[@]}}\" >&2\n"
        )
    };
    if let Some((_, proposed)) = checked("bash", &[], &complete("tracer-console wa", 1)) {
        assert_eq!(proposed, "wait\n");
    }
    if let Some((_, proposed)) = checked("bash", &[], &complete("tracer-console wait --time", 2)) {
        assert_eq!(proposed, "--timeout\n");
    }
}

#[test]
fn every_command_has_a_page_that_names_its_flags() {
    let directory = tempfile::tempdir().unwrap();
    said(&["man", "--directory", directory.path().to_str().unwrap()]);
    let program = said(&["man"]);
    for command in commands() {
        let name = format!("tracer-console-{command}.1");
        let page = std::fs::read_to_string(directory.path().join(&name)).unwrap();
        assert!(page.contains(&format!(".TH tracer-console-{command} 1")), "{page}");
        assert!(page.contains(".SH OPTIONS") && page.contains("\\-\\-help"), "{page}");
        assert!(program.contains(&format!("tracer\\-console\\-{command}(1)")), "{name} is not in {program}");
        assert_eq!(said(&["man", &command]), page);
        for section in ["ENVIRONMENT", "\"EXIT STATUS\"", "EXAMPLES", "\"SEE ALSO\""] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{section} is not in {page}");
        }
        assert!(
            page.contains("NO_COLOR") && !page.contains("EXTRA") && !page.contains("default: ]"),
            "{page}"
        );
        let asks = page.contains("\\-\\-endpoint") && command != "forward";
        assert_eq!(page.contains("AWS_ENDPOINT_URL_XRAY\\fR"), asks, "{page}");
        assert_eq!(page.contains("TRACER_CONSOLE_TOKEN"), page.contains("\\-\\-token"), "{page}");
    }
    let output = crate::serving::program().args(["man", "nonsense"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"));
}

#[test]
fn groff_formats_the_pages_without_a_complaint() {
    for page in [said(&["man"]), said(&["man", "wait"]), said(&["man", "analyze"])] {
        let Some((is_fine, said)) = checked("groff", &["-man", "-ww", "-z"], &page) else { return };
        assert!(is_fine && said.is_empty(), "{said}");
    }
}
