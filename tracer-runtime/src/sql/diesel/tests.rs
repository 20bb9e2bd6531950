use super::*;

/// What diesel shows of a query, in pieces of any length.
#[derive(Debug)]
struct Printed(&'static [&'static str]);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| f.write_str(piece))
    }
}

impl DebugQuery for Printed {}

fn text(pieces: &'static [&'static str]) -> (String, bool) {
    let text = QueryText::of(&Printed(pieces)).unwrap();
    (text.text, text.has_binds)
}

#[test]
fn the_values_are_cut_off_wherever_they_begin() {
    assert_eq!(text(&["SELECT ?", " -- binds: ", "[\"secret\"]"]), ("SELECT ?".to_owned(), true));
    assert_eq!(text(&["SELECT ? -- bi", "nds: [\"secret\"]"]), ("SELECT ?".to_owned(), true));
    assert_eq!(text(&["SELECT é ", "-", "-", " ", "b", "inds: [\"secret\"]"]), ("SELECT é".to_owned(), true));
    assert_eq!(text(&["SELECT ?", " -- binds: ", "[\"a -- binds: secret\"]"]), ("SELECT ?".to_owned(), true));
    assert_eq!(text(&["BEGIN"]), ("BEGIN".to_owned(), false));
}

#[test]
fn a_query_that_cannot_be_printed_has_no_text() {
    #[derive(Debug)]
    struct Panicking(bool);
    impl fmt::Display for Panicking {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0 { panic!("no") } else { Err(fmt::Error) }
        }
    }
    impl DebugQuery for Panicking {}

    assert!(QueryText::of(&Panicking(true)).is_none());
    assert!(QueryText::of(&Panicking(false)).is_none());
}
