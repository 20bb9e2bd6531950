//! The region, looked for where the X-Ray daemon and the AWS SDKs look.

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_xray::config::Region;

use super::options::AwsOptions;

/// The region that is meant; `None` where nothing names one.
pub(super) async fn find(options: &AwsOptions, config: &ProviderConfig) -> Option<Region> {
    let given = options.region.clone().filter(|region| !region.is_empty()).map(Region::new);
    let mut profile = ProfileFileRegionProvider::builder().configure(config);
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(given)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    if let Some(region) = chain.region().await {
        return Some(region);
    }
    if options.local {
        return None;
    }
    match of_ecs_task() {
        Some(region) => Some(region),
        None => ImdsRegionProvider::builder().configure(config).build().region().await,
    }
}

/// The region within the ARN of the ECS task that this runs in, from the file that ECS puts beside it.
fn of_ecs_task() -> Option<Region> {
    let enabled = std::env::var("ECS_ENABLE_CONTAINER_METADATA").ok()?;
    if !enabled.eq_ignore_ascii_case("true") {
        return None;
    }
    let file = std::fs::read(std::env::var_os("ECS_CONTAINER_METADATA_FILE")?).ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&file).ok()?;
    // arn:aws:ecs:region:account:task/…
    let region = metadata["TaskARN"].as_str()?.split(':').nth(3)?;
    Some(Region::new(region.to_owned())).filter(|region| !region.as_ref().is_empty())
}
