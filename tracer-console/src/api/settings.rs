//! What is configured by name, such as groups: kept as JSON in the store.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::store::TraceStore;

/// All settings of one kind.
pub(super) struct Settings<T> {
    kind: &'static str,
    values: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Settings<T> {
    pub(super) const fn of(kind: &'static str) -> Self {
        Self { kind, values: PhantomData }
    }

    /// All, by name.
    pub(super) fn all(&self, store: &dyn TraceStore) -> Result<Vec<(String, T)>, ApiError> {
        let kept = store.settings(self.kind)?;
        kept.into_iter().map(|(name, value)| Ok((name, self.parse(&value)?))).collect()
    }

    pub(super) fn find(&self, store: &dyn TraceStore, name: &str) -> Result<Option<T>, ApiError> {
        let kept = store.settings(self.kind)?;
        let found = kept.into_iter().find(|(known, _)| known == name);
        found.map(|(_, value)| self.parse(&value)).transpose()
    }

    pub(super) fn put(&self, store: &dyn TraceStore, name: &str, value: &T) -> Result<(), ApiError> {
        let value = serde_json::to_string(value).map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(store.put_setting(self.kind, name, Some(&value))?)
    }

    pub(super) fn forget(&self, store: &dyn TraceStore, name: &str) -> Result<(), ApiError> {
        Ok(store.put_setting(self.kind, name, None)?)
    }

    fn parse(&self, value: &str) -> Result<T, ApiError> {
        let damaged =
            |error| ApiError::internal(format!("the store has a {} of another form: {error}", self.kind));
        serde_json::from_str(value).map_err(damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_store::MemoryStore;

    const NUMBERS: Settings<u32> = Settings::of("number");

    #[test]
    fn a_setting_is_found_by_its_name_until_it_is_forgotten() {
        let store = MemoryStore::default();
        NUMBERS.put(&store, "one", &1).unwrap();
        NUMBERS.put(&store, "two", &2).unwrap();
        assert_eq!(NUMBERS.find(&store, "two").unwrap(), Some(2));
        NUMBERS.forget(&store, "two").unwrap();
        assert_eq!(NUMBERS.all(&store).unwrap(), [("one".to_owned(), 1)]);
    }

    #[test]
    fn a_setting_of_another_form_is_an_error_and_no_panic() {
        let store = MemoryStore::default();
        store.put_setting("number", "one", Some("{}")).unwrap();
        assert!(NUMBERS.all(&store).unwrap_err().message.contains("a number of another form"));
    }
}
