//! What a page tells that no flag does: variables, what it ends with, examples, and where more is told.

/// A variable of the environment.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) means: &'static str,
    /// The flags whose commands read it, as clap names them; none where every command does.
    flags: &'static [&'static str],
}

const VARIABLES: [Variable; 9] = [
    Variable {
        name: "TRACER_CONSOLE_TOKEN",
        means: "The token of the console, as with --token, but nobody finds it in the list of processes. An empty one is none.",
        flags: &["token"],
    },
    Variable {
        name: "AWS_ENDPOINT_URL_XRAY",
        means: "Where X-Ray's API is answered, where --endpoint does not say it. An empty one is none.",
        flags: &["aws"],
    },
    Variable {
        name: "AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID and the like",
        means: "The credentials and the region for AWS X-Ray itself, as for every SDK of AWS.",
        flags: &["aws", "to"],
    },
    Variable {
        name: "AWS_CA_BUNDLE",
        means: "A file with certificates to trust instead of the system's, for AWS X-Ray itself.",
        flags: &["aws", "to"],
    },
    Variable {
        name: "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        means: "The proxy through which other machines are asked; this machine is asked without one.",
        flags: &["aws", "to"],
    },
    Variable {
        name: "XDG_DATA_HOME",
        means: "The user's data directory, ~/.local/share where it is not set: traces.db and forward.db are in tracer-console there.",
        flags: &["memory"],
    },
    Variable {
        name: "NO_COLOR",
        means: "No colours, whatever the output is; --color is stronger.",
        flags: &[],
    },
    Variable {
        name: "CLICOLOR_FORCE",
        means: "Colours also where the output is no terminal; --color is stronger.",
        flags: &[],
    },
    Variable { name: "TERM", means: "What the terminal can show: `dumb` has no colours.", flags: &[] },
];

/// The variables that a command reads; all for the program.
pub(super) fn variables(command: &clap::Command) -> impl Iterator<Item = &'static Variable> {
    let is_program = command.has_subcommands();
    let has = |flag: &&str| command.get_arguments().any(|argument| argument.get_id() == flag);
    VARIABLES
        .iter()
        .filter(move |variable| is_program || variable.flags.is_empty() || variable.flags.iter().any(has))
}

/// What a command ends with, and what it means.
pub(super) fn statuses(command: &str) -> [(&'static str, &'static str); 3] {
    let failed = match command {
        "wait" => {
            "The time was over before enough traces matched, or X-Ray did not answer: what was seen instead is said."
        }
        "lint" => "X-Ray would refuse a document, or drop something of it: see --allow.",
        "lambda" => "The function failed or timed out, once every event was tried; or it could not be run.",
        "import" => "A document was refused, or could not be sent: it is said which and why.",
        _ => "It failed: why, and what to do, is said on the standard error.",
    };
    let misused = match command {
        "lint" => {
            "Wrong usage, or there is nothing to lint: a file that cannot be read, or without a document."
        }
        _ => {
            "Wrong usage: a flag that is not known, a filter that is none, a time that ends before it begins."
        }
    };
    [("0", "Done."), ("1", failed), ("2", misused)]
}

/// Command lines, and what they do.
pub(super) fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    match command {
        "serve" => &[
            ("tracer-console serve", "Be X-Ray for the programs on this machine, and draw their traces."),
            (
                "tracer-console serve --memory --listen 127.0.0.1:0 --json",
                "For a test: on a free port, without a file, in JSON.",
            ),
        ],
        "traces" => &[
            (
                "tracer-console traces --last 6h --filter 'service(\"order-service\") AND fault'",
                "What went wrong.",
            ),
            (
                "tracer-console traces --from 2026-11-22 --to 2026-11-23 --json",
                "All of a day, one JSON object a line.",
            ),
            (
                "tracer-console traces --last 15m --to '2026-11-22 09:15'",
                "The quarter of an hour before a point in time.",
            ),
        ],
        "tail" => &[
            ("tracer-console tail --filter fault --draw", "Draw each trace that fails, as it comes."),
            (
                "tracer-console tail --last 5m --count 1",
                "The first trace of the last five minutes, or the next.",
            ),
        ],
        "wait" => &[(
            "tracer-console wait --filter 'annotation.OrderId = \"ORD-2\"' --timeout 10s",
            "In a test, instead of a sleep.",
        )],
        "map" => &[
            ("tracer-console map --last 1h", "Which services called which in the last hour."),
            ("tracer-console map --trace 1-5759e988-bd862e3fe1be46a994272793", "The services of one trace."),
        ],
        "analyze" => &[
            (
                "tracer-console analyze --service order-service --by annotation.Tenant --slowest 5",
                "How fast a service is, and for whom.",
            ),
            (
                "tracer-console analyze --filter fault --against '!fault'",
                "In what failures differ from all others.",
            ),
        ],
        "lambda" => &[
            (
                "tracer-console lambda --binary target/debug/orders --event '{\"id\":1}'",
                "Invoke a function once.",
            ),
            (
                "tracer-console lambda --binary target/debug/orders --event events.ndjson",
                "Once for each event in a file.",
            ),
            (
                "tracer-console lambda --binary target/debug/orders --api GET:/orders --stay",
                "As behind an API Gateway, until Ctrl-C.",
            ),
        ],
        "show" => &[
            ("tracer-console show 1-5759e988-bd862e3fe1be46a994272793", "Draw a trace."),
            ("tracer-console show order.json", "Draw the documents of a file."),
        ],
        "lint" => &[
            ("tracer-console lint order.json", "Would X-Ray take these documents?"),
            (
                "tracer-console lint --allow dropped -",
                "Those of the standard input, whatever would be dropped of them.",
            ),
        ],
        "export" => &[
            (
                "tracer-console export --last 24h --filter fault --output fault.html",
                "A page for a mail or an issue.",
            ),
            (
                "tracer-console export 1-5759e988-bd862e3fe1be46a994272793",
                "The documents of a trace, one a line.",
            ),
        ],
        "import" => &[
            ("tracer-console import fault.html", "Take back what was exported."),
            ("tracer-console import --shift-to-now old.ndjson.gz", "Old traces, as if they had just ended."),
        ],
        "forward" => &[
            ("tracer-console forward", "In place of the X-Ray daemon."),
            (
                "tracer-console forward --to http://127.0.0.1:2001 --to otlp+http://127.0.0.1:4318",
                "To another console, and to an OpenTelemetry backend.",
            ),
        ],
        "completions" => &[("tracer-console completions bash", "The script for bash.")],
        "man" => &[
            ("tracer-console man wait", "The page of one command, as `man -l -` reads it."),
            ("tracer-console man --directory man1", "All pages, a file each."),
        ],
        _ => &[
            ("tracer-console serve", "Be X-Ray for the programs on this machine."),
            ("tracer-console traces --filter fault", "List the traces that failed in the last hour."),
        ],
    }
}

/// What is told elsewhere, besides the pages of the other commands.
pub(super) const ELSEWHERE: &str =
    "Filter expressions: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html";
