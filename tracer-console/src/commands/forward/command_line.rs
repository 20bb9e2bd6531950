//! The command line as the X-Ray daemon takes it: called by its name, and any flag behind one dash or two.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::daemon_flags::DaemonFlags;

/// The names by which the daemon is called.
const NAMES: [&str; 2] = ["xray", "xray-daemon"];
const COMMAND: &str = "forward";

/// The arguments as this program takes them; those of other commands are left as they are.
pub(crate) fn of_daemon(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    let is_daemon = arguments.first().is_some_and(|program| is_named_so(program));
    if is_daemon {
        arguments.insert(1, COMMAND.into());
    }
    if arguments.get(1).is_some_and(|command| command == COMMAND) {
        arguments.iter_mut().skip(2).for_each(with_its_dashes);
    }
    arguments
}

fn is_named_so(program: &OsStr) -> bool {
    let name = Path::new(program).file_stem().and_then(|name| name.to_str());
    name.is_some_and(|name| NAMES.contains(&name))
}

/// Go's flags have one dash or two.
fn with_its_dashes(argument: &mut OsString) {
    let Some(text) = argument.to_str() else { return };
    let name = |flag| str::split(flag, '=').next().unwrap_or_default();
    if let Some(flag) = text.strip_prefix("--") {
        if DaemonFlags::SHORT.contains(&name(flag)) {
            *argument = format!("-{flag}").into();
        }
    } else if let Some(flag) = text.strip_prefix('-')
        && DaemonFlags::LONG.contains(&name(flag))
    {
        *argument = format!("--{flag}").into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str) -> String {
        let read = of_daemon(arguments.split(' ').map(OsString::from));
        read.join(OsString::from(" ").as_os_str()).into_string().unwrap()
    }

    #[test]
    fn called_by_the_daemons_name_it_forwards() {
        assert_eq!(read("xray -o -n us-east-1"), "xray forward -o -n us-east-1");
        assert_eq!(read("/usr/bin/xray-daemon"), "/usr/bin/xray-daemon forward");
        assert_eq!(read("tracer-console serve -o"), "tracer-console serve -o");
    }

    #[test]
    fn a_flag_may_have_one_dash_or_two() {
        assert_eq!(
            read("xray -bind=127.0.0.1:2001 -local-mode -region us-east-1 --log-level dev -b 1:2"),
            "xray forward --bind=127.0.0.1:2001 --local-mode --region us-east-1 --log-level dev -b 1:2"
        );
        assert_eq!(
            read("tracer-console forward -config cfg.yaml"),
            "tracer-console forward --config cfg.yaml"
        );
        assert_eq!(
            read("xray --b 127.0.0.1:2001 --t=:2002 --"),
            "xray forward -b 127.0.0.1:2001 -t=:2002 --"
        );
        assert_eq!(read("tracer-console show -region"), "tracer-console show -region");
    }
}
