//! What the environment says (powertools 1.2), read once at first use.

use super::warning;

/// The settings of one tracer, environment and defaults already in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) enabled: bool,
    pub(crate) service: String,
    pub(crate) capture_response: bool,
    pub(crate) capture_error: bool,
    pub(crate) collect_sql_queries: bool,
    /// Whether a trace header may be taken from the environment: not where invocations overlap (P7).
    pub(crate) header_from_environment: bool,
    /// Whether this sandbox can have a cold start at all.
    pub(crate) can_start_cold: bool,
    /// `AWS_XRAY_SDK_ENABLED=false`, which beats even code.
    pub(crate) forced_off: bool,
    pub(crate) log_missing_context: bool,
}

/// What Powertools in most languages writes where no service is named.
pub(crate) const DEFAULT_SERVICE: &str = "service_undefined";

impl Config {
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the settings through `variable`, so that tests need not change the process's environment.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text =
            |name| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let switch = |name: &'static str| text(name).and_then(|value| parse_switch(name, &value));

        let forced_off = switch("AWS_XRAY_SDK_ENABLED") == Some(false);
        let switched_off = switch("POWERTOOLS_TRACE_DISABLED") == Some(true);
        let switched_on = switch("POWERTOOLS_TRACE_ENABLED");
        let in_lambda = text("LAMBDA_TASK_ROOT").is_some();
        // Any value but a plain "no" says that an emulator runs the function (SAM sets `true`).
        let is_emulator = |name| text(name).is_some_and(|value| switch_value(&value) != Some(false));
        let emulated = is_emulator("AWS_SAM_LOCAL")
            || is_emulator("AWS_CHALICE_CLI_MODE")
            || text("AWS_EXECUTION_ENV").as_deref() == Some("AWS_Lambda_amplify-mock");
        let enabled = !forced_off && !switched_off && switched_on.unwrap_or(in_lambda && !emulated);

        Self {
            enabled,
            service: text("POWERTOOLS_SERVICE_NAME")
                .or_else(|| text("AWS_XRAY_TRACING_NAME"))
                .unwrap_or_else(|| DEFAULT_SERVICE.to_owned()),
            capture_response: switch("POWERTOOLS_TRACER_CAPTURE_RESPONSE").unwrap_or(true),
            capture_error: switch("POWERTOOLS_TRACER_CAPTURE_ERROR").unwrap_or(true),
            collect_sql_queries: switch("AWS_XRAY_COLLECT_SQL_QUERIES").unwrap_or(false),
            header_from_environment: text("AWS_LAMBDA_MAX_CONCURRENCY").is_none(),
            can_start_cold: text("AWS_LAMBDA_INITIALIZATION_TYPE").is_none_or(|kind| kind == "on-demand"),
            forced_off,
            log_missing_context: text("AWS_XRAY_CONTEXT_MISSING")
                .is_some_and(|value| value != "IGNORE_ERROR"),
        }
    }
}

/// Whether HTTP clients are traced, asked of the environment once.
pub(crate) fn captures_https_requests() -> bool {
    static CAPTURES: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *CAPTURES.get_or_init(|| captures_https_by(|name| std::env::var(name).ok()))
}

fn captures_https_by(variable: impl Fn(&str) -> Option<String>) -> bool {
    const NAME: &str = "POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS";
    let value = variable(NAME).filter(|value| !value.trim().is_empty());
    value.and_then(|value| parse_switch(NAME, value.trim())).unwrap_or(true)
}

fn parse_switch(name: &'static str, value: &str) -> Option<bool> {
    let parsed = switch_value(value);
    if parsed.is_none() {
        warning::once(name, || {
            format!("{name}={value:?} is no switch, so its default holds: write `true` or `false`")
        });
    }
    parsed
}

fn switch_value(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "y" | "yes" | "t" | "true" | "on" => Some(true),
        "0" | "n" | "no" | "f" | "false" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let variables = variables.to_vec();
        Config::from_variables(move |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn in_lambda(name: &str, value: &str) -> Config {
        config(&[("LAMBDA_TASK_ROOT", "/var/task"), (name, value)])
    }

    #[test]
    fn behaviour_88_tracing_is_off_outside_lambda() {
        assert!(!config(&[]).enabled);
        assert!(config(&[("LAMBDA_TASK_ROOT", "/var/task")]).enabled);
        assert!(config(&[("POWERTOOLS_TRACE_ENABLED", "true")]).enabled);
    }

    #[test]
    fn behaviour_87_the_switches_switch_it_off() {
        assert!(!in_lambda("POWERTOOLS_TRACE_DISABLED", "true").enabled);
        assert!(!in_lambda("POWERTOOLS_TRACE_DISABLED", "1").enabled);
        assert!(!in_lambda("POWERTOOLS_TRACE_ENABLED", "False").enabled);
        assert!(in_lambda("POWERTOOLS_TRACE_DISABLED", "no").enabled);
    }

    #[test]
    fn behaviours_89_and_90_emulators_switch_it_off_unless_they_say_false() {
        assert!(!in_lambda("AWS_SAM_LOCAL", "true").enabled);
        assert!(in_lambda("AWS_SAM_LOCAL", "false").enabled);
        assert!(!in_lambda("AWS_CHALICE_CLI_MODE", "x").enabled);
        assert!(!in_lambda("AWS_EXECUTION_ENV", "AWS_Lambda_amplify-mock").enabled);
        assert!(in_lambda("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023").enabled);
    }

    #[test]
    fn behaviours_94_and_95_an_empty_or_malformed_switch_keeps_its_default() {
        for value in ["", "  ", "maybe"] {
            assert!(in_lambda("POWERTOOLS_TRACER_CAPTURE_RESPONSE", value).capture_response);
            assert!(in_lambda("POWERTOOLS_TRACE_DISABLED", value).enabled);
        }
        assert!(!in_lambda("POWERTOOLS_TRACER_CAPTURE_ERROR", "OFF").capture_error);
    }

    #[test]
    fn the_text_of_queries_is_recorded_only_when_asked() {
        assert!(!config(&[]).collect_sql_queries);
        assert!(config(&[("AWS_XRAY_COLLECT_SQL_QUERIES", "TRUE")]).collect_sql_queries);
        assert!(!config(&[("AWS_XRAY_COLLECT_SQL_QUERIES", "false")]).collect_sql_queries);
    }

    #[test]
    fn behaviour_144_http_clients_are_traced_unless_the_environment_says_no() {
        let captures = |value: Option<&str>| captures_https_by(|_| value.map(str::to_owned));
        assert!(captures(None) && captures(Some("true")) && captures(Some(" ")) && captures(Some("maybe")));
        assert!(!captures(Some("false")) && !captures(Some(" 0 ")));
    }

    #[test]
    fn behaviour_99_the_sdk_switch_wins_and_nonsense_leaves_it_on() {
        for on in ["1.0", "T RUE", "INVALID", "yes"] {
            assert!(in_lambda("AWS_XRAY_SDK_ENABLED", on).enabled, "{on}");
        }
        for off in ["0", "No", "FALSE", "f"] {
            assert!(in_lambda("AWS_XRAY_SDK_ENABLED", off).forced_off, "{off}");
        }
    }

    #[test]
    fn behaviours_21_and_23_the_service_has_a_name_from_the_environment_or_a_default() {
        assert_eq!(config(&[]).service, "service_undefined");
        assert_eq!(config(&[("POWERTOOLS_SERVICE_NAME", "")]).service, "service_undefined");
        assert_eq!(config(&[("POWERTOOLS_SERVICE_NAME", "orders")]).service, "orders");
        let both = config(&[("AWS_XRAY_TRACING_NAME", "x"), ("POWERTOOLS_SERVICE_NAME", "orders")]);
        assert_eq!(both.service, "orders");
    }

    #[test]
    fn behaviours_18_and_19_only_on_demand_starts_cold() {
        assert!(config(&[]).can_start_cold);
        assert!(config(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")]).can_start_cold);
        assert!(!config(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")]).can_start_cold);
        assert!(!config(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")]).can_start_cold);
    }
}
