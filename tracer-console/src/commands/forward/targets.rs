//! The targets as they are written on the command line.

use tracer_console::ForwardTarget;

use super::super::Failure;
use super::super::misuse::Misuse;
use super::settings::Settings;

const AWS: &str = "aws";

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) to: &'a [String],
    pub(super) headers: &'a [String],
    pub(super) endpoint: Option<&'a str>,
    pub(super) profile: Option<&'a str>,
    pub(super) settings: &'a Settings,
}

impl Asked<'_> {
    /// The targets; AWS, as with the daemon, where none is named.
    pub(super) fn find(&self) -> Result<Vec<ForwardTarget>, Failure> {
        let named: Vec<_> = self.to.iter().map(String::as_str).collect();
        let named = if named.is_empty() { vec![AWS] } else { named };
        if !named.contains(&AWS) {
            self.warn_of_aws();
        }
        if !self.headers.is_empty() && !named.iter().any(|name| name.starts_with("otlp+")) {
            let said =
                "--otlp-header is for targets such as --to otlp+http://127.0.0.1:4318, and there is none";
            return Err(Misuse::of(said));
        }
        named.into_iter().map(|name| self.target(name)).collect()
    }

    fn warn_of_aws(&self) {
        let mut said = self.settings.only_for_aws();
        said.extend(self.endpoint.map(|_| "--endpoint"));
        said.extend(self.profile.map(|_| "--profile"));
        if !said.is_empty() {
            log::warn!("{} has no meaning without the target aws (--to aws)", said.join(", "));
        }
    }

    fn target(&self, name: &str) -> Result<ForwardTarget, Failure> {
        if name == AWS {
            return self.aws();
        }
        match name.strip_prefix("otlp+") {
            Some(url) => {
                ForwardTarget::otlp(url, self.headers()?).map_err(|error| Misuse::of(error.to_string()))
            }
            None => ForwardTarget::x_ray(name).map_err(|error| Misuse::of(error.to_string())),
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, Failure> {
        let read = |header: &String| {
            let (name, value) = header.split_once('=').ok_or_else(|| {
                // What it is may be a secret.
                Misuse::of(
                    "--otlp-header wants NAME=VALUE, such as authorization=…, and one has no equals sign",
                )
            })?;
            Ok((name.trim().to_owned(), value.to_owned()))
        };
        self.headers.iter().map(read).collect()
    }

    #[cfg(feature = "aws")]
    fn aws(&self) -> Result<ForwardTarget, Failure> {
        use tracer_console::aws::{AwsAccount, AwsOptions};

        let settings = self.settings;
        let account = AwsAccount::connect(AwsOptions {
            region: settings.region.clone(),
            profile: self.profile.map(str::to_owned),
            endpoint: self.endpoint.map(str::to_owned).or_else(|| settings.endpoint.clone()),
            role_arn: settings.role_arn.clone(),
            proxy: settings.proxy.clone(),
            local: settings.local,
            ..AwsOptions::default()
        })?;
        log::info!("using region {} and X-Ray at {}", account.region(), account.endpoint());
        Ok(ForwardTarget::aws(account.into(), settings.resource_arn.clone(), !settings.local))
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    fn aws(&self) -> Result<ForwardTarget, Failure> {
        Err(Misuse::of(
            "forwarding to AWS was not built in: build tracer-console with `--features aws,https`, or name another target with \
             --to, such as --to http://127.0.0.1:2001",
        ))
    }
}
