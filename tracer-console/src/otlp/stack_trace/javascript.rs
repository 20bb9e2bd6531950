//! JavaScript's stack traces as V8 writes them.

use super::{Frame, Thrown, split_line};

pub(super) fn read(text: &str) -> Vec<Thrown> {
    let mut thrown = Thrown::default();
    text.lines().filter_map(frame).for_each(|frame| thrown.push(frame));
    vec![thrown]
}

/// `    at Timeout.list [as _onTimeout] (node:internal/timers:549:17)`, or a place alone.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("    at ")?;
    let (label, place) = match rest.strip_suffix(')').and_then(|rest| rest.split_once(" (")) {
        Some((label, place)) => (label, place),
        None => ("", rest),
    };
    // The column is left out.
    let with_column = split_line(place).and_then(|(place, _)| split_line(place));
    let (path, line) = with_column.or_else(|| split_line(place)).unwrap_or((place, 0));
    Some(Frame { label: label.to_owned(), path: path.to_owned(), line })
}

#[cfg(test)]
mod tests {
    use super::super::frames;
    use super::*;

    #[test]
    fn frames_have_a_function_or_none_and_a_place_of_any_form() {
        let text = "TypeError: Cannot read property 'value' of null
    at speedy (/home/user/repo/file.js:6:11)
    at async Timeout.list [as _onTimeout] (node:internal/timers:549:17)
    at file:///C:/app/main.mjs:10:3
    at new Promise (<anonymous>)
    at Array.map (native)
  [cause]: Error: inner";
        assert_eq!(
            frames(&read(text)[0]),
            [
                ("speedy", "/home/user/repo/file.js", 6),
                ("async Timeout.list [as _onTimeout]", "node:internal/timers", 549),
                ("", "file:///C:/app/main.mjs", 10),
                ("new Promise", "<anonymous>", 0),
                ("Array.map", "native", 0),
            ]
        );
    }
}
