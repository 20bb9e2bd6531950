//! What is said while it runs, in the X-Ray daemon's form: a time, a level in brackets, a line.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::SystemTime;

use super::super::Failure;
use super::super::screen::Screen;
use super::log_file::LogFile;
use super::settings::Settings;

struct Logger {
    /// `None` says it on the standard error.
    file: Option<Mutex<LogFile>>,
}

/// From now on what is said is written so.
pub(super) fn start(settings: &Settings) -> Result<(), Failure> {
    let file = settings.log_file.as_deref().map(|path| LogFile::open(path, settings.rotates)).transpose()?;
    let logger = Logger { file: file.map(Mutex::new) };
    log::set_boxed_logger(Box::new(logger))?;
    log::set_max_level(settings.log_level);
    if let Some(file) = &settings.file {
        log::info!("read {}", file.display());
    }
    settings.without_meaning.iter().for_each(|sentence| log::warn!("{sentence}"));
    Ok(())
}

impl log::Log for Logger {
    /// What libraries say of themselves is not for whoever forwards.
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = line(SystemTime::now(), record.level(), &record.args().to_string());
        match &self.file {
            Some(file) => {
                let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // A full disk stops no document.
                let _ = file.write(&line);
            }
            None => {
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
        }
    }

    fn flush(&self) {}
}

/// What far ends and senders say is among it: it begins no line of its own.
fn line(time: SystemTime, level: log::Level, said: &str) -> String {
    let level = match level {
        log::Level::Error => "Error",
        log::Level::Warn => "Warn",
        log::Level::Info => "Info",
        log::Level::Debug => "Debug",
        log::Level::Trace => "Trace",
    };
    let said = Screen::printable(said);
    format!("{} [{level}] {said}\n", humantime::format_rfc3339_seconds(time))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_has_the_daemons_form() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_348_800_250);
        assert_eq!(line(time, log::Level::Info, "hello"), "2026-11-22T12:00:00Z [Info] hello\n");
        let forged = line(time, log::Level::Warn, "it says \"a\nb\"\u{1b}[31m");
        assert_eq!(forged, "2026-11-22T12:00:00Z [Warn] it says \"a\\nb\"\\u{1b}[31m\n");
    }
}
