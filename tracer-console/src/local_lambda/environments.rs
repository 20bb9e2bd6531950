//! The environments of a function: found, started, provisioned, ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::environment::Environment;
use super::function::FunctionSettings;
use super::lambda::{LambdaError, Shared};
use super::log::Log;
use super::result::{FunctionError, FunctionErrorKind, InvokeError};

#[derive(Debug)]
pub(super) struct Environments {
    settings: Arc<FunctionSettings>,
    lambda: Arc<Shared>,
    log: Arc<Log>,
    started: Mutex<Vec<Arc<Environment>>>,
}

/// Why an environment was not found.
pub(super) enum NoEnvironment {
    Refused(InvokeError),
    Failed(FunctionError),
}

impl Environments {
    pub(super) fn new(settings: Arc<FunctionSettings>, lambda: Arc<Shared>) -> Self {
        Self { settings, lambda, log: Arc::default(), started: Mutex::default() }
    }

    /// What their processes write.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    fn started(&self) -> MutexGuard<'_, Vec<Arc<Environment>>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A living environment with room, or a new one.
    pub(super) fn choose(&self) -> Result<Arc<Environment>, NoEnvironment> {
        let mut started = self.started();
        started.retain(|environment| environment.is_alive());
        if let Some(environment) = started.iter().find(|environment| environment.choose()) {
            return Ok(Arc::clone(environment));
        }
        let function = self.settings.identity.name.clone();
        if started.len() >= self.settings.max_environments {
            let busy = started.len();
            return Err(NoEnvironment::Refused(InvokeError::Throttled { function, environments: busy }));
        }
        let environment = self.start()?;
        environment.choose();
        started.push(Arc::clone(&environment));
        Ok(environment)
    }

    fn start(&self) -> Result<Arc<Environment>, NoEnvironment> {
        let function = self.settings.identity.name.clone();
        let alive = self.lambda.alive().ok_or(NoEnvironment::Refused(InvokeError::Stopped { function }))?;
        let _within = self.lambda.handle.enter();
        let started =
            Environment::start(&self.settings.environment, self.lambda.next_number(), &self.log, alive);
        started.map(Arc::new).map_err(|error| {
            let message =
                format!("cannot start {}: {error}", self.settings.environment.process.binary.display());
            NoEnvironment::Failed(FunctionError::new(
                FunctionErrorKind::InitFailed,
                "Runtime.InvalidEntrypoint",
                message,
            ))
        })
    }

    /// Starts and initialises those of provisioned concurrency.
    pub(super) fn provision(&self) -> Result<(), LambdaError> {
        let failed = |error: FunctionError| LambdaError::Provisioning {
            function: self.settings.identity.name.clone(),
            error,
        };
        for _ in 0..self.settings.provisioned {
            let environment = self.start().map_err(|error| match error {
                NoEnvironment::Failed(error) => failed(error),
                NoEnvironment::Refused(error) => {
                    failed(FunctionError::new(FunctionErrorKind::InitFailed, "Stopped", error.to_string()))
                }
            })?;
            self.started().push(environment);
        }
        for environment in self.started().clone() {
            let (sender, receiver) = oneshot::channel();
            let timeout = self.settings.timeout;
            self.lambda.handle.spawn(async move {
                let _ = sender.send(environment.initialised(timeout).await);
            });
            pollster::block_on(receiver).unwrap_or(Ok(())).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn shut_down(&self) {
        for environment in self.started().drain(..) {
            environment.shut_down();
        }
    }
}
