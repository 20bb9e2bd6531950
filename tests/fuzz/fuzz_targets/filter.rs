//! Any text as a filter expression: read or refused at a place in it, and what is read is printed as the same expression.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer_console::FilterExpression;

/// Printing writes every AND and its parentheses: so much longer may it get than is read.
const SHORT: usize = 2000;

fuzz_target!(|text: &str| {
    let filter = match FilterExpression::parse(text) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(text.get(error.span()).is_some(), "{error:?}");
            assert!(!error.message().is_empty());
            assert!(!error.to_string().contains(char::is_control), "one line: {error}");
            let lines = 3 + usize::from(error.help().is_some());
            assert_eq!(format!("{error:#}").lines().count(), lines, "{error:#}");
            return;
        }
    };
    assert_eq!(filter.text(), text);
    if text.len() <= SHORT {
        let printed = filter.to_string();
        let read = FilterExpression::parse(&printed).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(read, filter, "{printed}");
        assert_eq!(read.to_string(), printed);
    }
});
